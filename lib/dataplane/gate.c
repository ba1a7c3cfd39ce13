#include "dataplane/gate.h"
#include "json/json.h"

enum { DEPTH = 8, CODE_OK = 200 };

static bool has_begun(struct json_object *health)
{
        struct json_object *families = json_object_at(health, "status");
        bool healthy;
        return !json_bool_at(health, "healthy", &healthy) || (families && json_object_object_length(families) > 0);
}

enum probe_result gate_judge(int code, const char *body, size_t len)
{
        if (code != CODE_OK)
                return code ? PROBE_BAD : PROBE_SILENT;
        struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
        struct json_object *health = len <= INT32_MAX ? json_tokener_parse_ex(tokener, body, (int)len) : NULL;
        enum probe_result result = has_begun(health) ? PROBE_OK : PROBE_BAD;
        json_object_put(health);
        json_tokener_free(tokener);
        return result;
}

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
