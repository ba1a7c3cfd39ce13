/* Any bytes as the body of an answer of kube-proxy's healthz. */
#include "dataplane/gate.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (gate_judge(200, (const char *)data, size) == PROBE_SILENT || gate_judge(503, (const char *)data, size) != PROBE_BAD)
                abort();
        return 0;
}
