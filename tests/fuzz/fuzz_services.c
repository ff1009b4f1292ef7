/*
 * Reports of VirusTotal and Hybrid Analysis. The first byte says in which envelope the
 * rest stands, so that what is found below is not lost for a missing key above.
 */
#include "report_checks.h"

#include "base/banned.h"

static const struct {
    const char *format, *before, *behind;
} envelopes[] = {
    {"virustotal",
     "{\"data\":{\"type\":\"file\",\"attributes\":{\"times_submitted\":1,\"names\":[\"a\"]", "}}}"},
    {"virustotal",
     "{\"data\":[{\"id\":\"x\",\"type\":\"file_behaviour\",\"attributes\":{\"sandbox_name\":\"A\","
     "\"processes_tree\":[{\"process_id\":\"1\",\"name\":\"a\"}]}},"
     "{\"id\":\"y\",\"type\":\"file_behaviour\",\"attributes\":{\"sandbox_name\":\"B\"",
     "}}]}"},
    {"virustotal",
     "{\"data\":{\"files_opened\":[\"a\"],\"files_written\":[\"b\"],\"modules_loaded\":[\"c\"]",
     "}}"},
    {"hybrid-analysis", "{\"environment_id\":1,\"threat_score\":1,\"job_id\":\"j\",\"av_detect\":1",
     "}"},
    {"hybrid-analysis",
     "[{\"environment_id\":1,\"threat_score\":1,\"job_id\":\"j\",\"av_detect\":1,\"sha256\":\"a\"},"
     "{\"environment_id\":2,\"sha256\":\"a\",\"processes\":[",
     "]}]"},
    {"hybrid-analysis",
     "[{\"environment_id\":1,\"threat_score\":1,\"job_id\":\"j\",\"av_detect\":1,"
     "\"md5\":\"a\",\"submit_name\":\"b\"},{\"environment_id\":2",
     "}]"},
};

static const char *const formats[] = {"virustotal", "hybrid-analysis"};

/* "0" and whatever is no envelope's number: as it stands. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = size ? (size_t)(data[0] - '1') : AS_COUNT(envelopes);
    size_t skip = size && data[0] == '0';

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (which < AS_COUNT(envelopes))
        check_data(envelopes[which].format, envelopes[which].before, data + 1, size - 1,
                   envelopes[which].behind);
    for (size_t i = 0; which >= AS_COUNT(envelopes) && i < AS_COUNT(formats); i++)
        check_data(formats[i], "", data + skip, size - skip, "");
    return 0;
}
