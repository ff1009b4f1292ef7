/*
 * Reports of VirusTotal and Hybrid Analysis. The first byte says in which envelope the
 * rest stands, so that what is found below is not lost for a missing key above.
 */
#include "report_checks.h"

#include "base/banned.h"

static const struct {
    const char *before, *behind;
} envelopes[] = {
    {"", ""}, /* as it stands */
    {"{\"data\":{\"type\":\"file\",\"attributes\":{\"times_submitted\":1,\"names\":[\"a\"]", "}}}"},
    {"{\"data\":[{\"id\":\"x\",\"type\":\"file_behaviour\",\"attributes\":{\"sandbox_name\":\"A\","
     "\"processes_tree\":[{\"process_id\":\"1\",\"name\":\"a\"}]}},"
     "{\"id\":\"y\",\"type\":\"file_behaviour\",\"attributes\":{\"sandbox_name\":\"B\"",
     "}}]}"},
    {"{\"data\":{\"files_opened\":[\"a\"],\"files_written\":[\"b\"],\"modules_loaded\":[\"c\"]",
     "}}"},
    {"{\"environment_id\":1,\"threat_score\":1,\"job_id\":\"j\",\"av_detect\":1", "}"},
    {"[{\"environment_id\":1,\"threat_score\":1,\"job_id\":\"j\",\"av_detect\":1,\"sha256\":\"a\"},"
     "{\"environment_id\":2,\"sha256\":\"a\",\"processes\":[",
     "]}]"},
    {"[{\"environment_id\":1,\"threat_score\":1,\"job_id\":\"j\",\"av_detect\":1,"
     "\"md5\":\"a\",\"submit_name\":\"b\"},{\"environment_id\":2",
     "}]"},
};

/* What is no JSON goes to readers of lines, which have a target of their own. */
static void check_whole(const uint8_t *data, size_t size)
{
    if (size && (data[0] == '{' || data[0] == '['))
        check_data("", data, size, "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = size ? (size_t)(data[0] - '0') : 0;

    if (size > REPORT_MAX)
        return 0;
    if (which > 0 && which < AS_COUNT(envelopes))
        check_data(envelopes[which].before, data + 1, size - 1, envelopes[which].behind);
    else if (size && which == 0)
        check_whole(data + 1, size - 1);
    else
        check_whole(data, size);
    return 0;
}
