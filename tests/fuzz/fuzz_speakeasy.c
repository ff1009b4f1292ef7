/*
 * Speakeasy reports. The first byte says in which envelope the rest stands: a report, an
 * entry point, an event or a list of v1, so that what is found below is not lost for a
 * missing key above.
 */
#include "report_checks.h"

#include "base/banned.h"

#define FORMAT "speakeasy"
#define REPORT "{\"report_version\":\"3.0.0\",\"sha256\":\"a\",\"entry_points\":["
#define ENTRY  REPORT "{\"ep_type\":\"x\",\"start_addr\":\"0x1\""

static const struct {
    const char *before, *behind;
} envelopes[] = {
    {"", ""},
    {"{\"report_version\":\"1.1.0\",\"entry_points\":[]", "}"},
    {ENTRY, "}]}"},
    {ENTRY ",\"events\":[{\"pos\":{\"tick\":1,\"pid\":2}", "}]}]}"},
    {ENTRY ",\"events\":[{\"event\":\"api\",\"api_name\":\"k.f\",\"args\":[", "]}]}]}"},
    {ENTRY ",\"process_events\":[", "]}]}"},
    {"[" REPORT "]},", "]"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = size ? (size_t)(data[0] - '0') : 0;

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (size && which < AS_COUNT(envelopes))
        check_data(FORMAT, envelopes[which].before, data + 1, size - 1, envelopes[which].behind);
    else
        check_data(FORMAT, "", data, size, "");
    return 0;
}
