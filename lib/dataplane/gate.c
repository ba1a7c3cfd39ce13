#include "dataplane/gate.h"

void gate_result(struct gate *gate, enum probe_result result, struct mono now)
{
        if (!gate->asked)
                gate->first = now;
        gate->asked = true;
        gate->healthy = result == PROBE_OK;
        gate->at = now;
        gate->answered |= result != PROBE_SILENT;
        gate->absent = !gate->answered && mono_since(now, gate->first) >= GATE_ABSENT_AFTER;
}

bool gate_open(const struct gate *gate, struct mono now)
{
        return gate->off || gate->absent || (gate->healthy && mono_since(now, gate->at) <= GATE_FRESH);
}
