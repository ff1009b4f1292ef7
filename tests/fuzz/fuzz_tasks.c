/*
 * Reports of Triage and of Joe Sandbox. The first byte says in which envelope the rest
 * stands, so that what is found below is not lost for a missing key above.
 */
#include "report_checks.h"

#include "base/banned.h"

#define TRIAGE                                                                                     \
    "{\"version\":\"1\",\"sample\":{\"id\":\"a\"},\"task\":{\"target\":\"a\"},\"analysis\":{}"
#define JOE "{\"analysis\":{\"generalinfo\":{\"id\":1},\"fileinfo\":{\"md5\":\"a\"}"

static const struct {
    const char *before, *behind;
} envelopes[] = {
    {"", ""},
    {TRIAGE, "}"},
    {TRIAGE ",\"processes\":[{\"procid\":1,\"pid\":2}", "]}"},
    {TRIAGE
     ",\"processes\":[{\"procid\":1,\"pid\":2}],\"network\":{\"flows\":[{\"id\":1,\"procid\":1}",
     "]}}"},
    {TRIAGE ",\"network\":{\"flows\":[{\"id\":1,\"procid\":1}],\"requests\":[", "]}}"},
    {TRIAGE ",\"extracted\":[{\"config\":{\"family\":\"f\"", "}}]}"},
    {JOE, "}}"},
    {JOE ",\"behavior\":{\"system\":{\"processes\":{\"process\":[{\"general\":{\"targetid\":1},",
     "}]}}}}}"},
    {JOE ",\"behavior\":{\"network\":{\"tcp\":{\"packet\":[", "]}}}}}"},
    {JOE ",\"droppedinfo\":{\"hash\":[{\"@file\":\"f\"", "}]}}}"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = size ? (size_t)(data[0] - '0') : 0;

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (size && which < AS_COUNT(envelopes))
        check_data(envelopes[which].before, data + 1, size - 1, envelopes[which].behind);
    else if (size && data[0] == '{') /* else it may be lines of another tool, which are no JSON */
        check_data("", data, size, "");
    return 0;
}
