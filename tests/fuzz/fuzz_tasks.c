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
    const char *format, *before, *behind;
} envelopes[] = {
    {"triage", TRIAGE, "}"},
    {"triage", TRIAGE ",\"processes\":[{\"procid\":1,\"pid\":2}", "]}"},
    {"triage",
     TRIAGE
     ",\"processes\":[{\"procid\":1,\"pid\":2}],\"network\":{\"flows\":[{\"id\":1,\"procid\":1}",
     "]}}"},
    {"triage", TRIAGE ",\"network\":{\"flows\":[{\"id\":1,\"procid\":1}],\"requests\":[", "]}}"},
    {"triage", TRIAGE ",\"extracted\":[{\"config\":{\"family\":\"f\"", "}}]}"},
    {"joe", JOE, "}}"},
    {"joe",
     JOE ",\"behavior\":{\"system\":{\"processes\":{\"process\":[{\"general\":{\"targetid\":1},",
     "}]}}}}}"},
    {"joe", JOE ",\"behavior\":{\"network\":{\"tcp\":{\"packet\":[", "]}}}}}"},
    {"joe", JOE ",\"droppedinfo\":{\"hash\":[{\"@file\":\"f\"", "}]}}}"},
};

static const char *const formats[] = {"triage", "joe"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = size ? (size_t)(data[0] - '1') : AS_COUNT(envelopes);

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (which < AS_COUNT(envelopes))
        check_data(envelopes[which].format, envelopes[which].before, data + 1, size - 1,
                   envelopes[which].behind);
    for (size_t i = 0; which >= AS_COUNT(envelopes) && i < AS_COUNT(formats); i++)
        check_data(formats[i], "", data, size, "");
    return 0;
}
