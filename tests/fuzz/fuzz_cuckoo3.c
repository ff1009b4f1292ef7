/*
 * Reports of Cuckoo 3. The first byte says in which envelope the rest stands: further
 * members of a post.json, of a pre.json or of an analysis.json, a process, an indicator.
 */
#include "report_checks.h"

#include "base/banned.h"

#define FORMAT "cuckoo3"
#define POST   "{\"task_id\":\"a_1\",\"score\":1,\"ttps\":[],\"families\":[],"

static const struct {
    const char *before, *behind;
} envelopes[] = {
    {"", ""},
    {POST "\"tags\":[]", "}"},
    {POST "\"signatures\":[{\"name\":\"s\",\"iocs\":[{\"process_id\":1,\"target_process_id\":2},",
     "]}],\"processes\":[{\"procid\":1,\"pid\":4},{\"procid\":2,\"parent_procid\":1,\"pid\":4}]}"},
    {POST "\"processes\":{\"count\":2,\"process_list\":[{\"procid\":1,\"pid\":4},", "]}}"},
    {"{\"analysis_id\":\"a\",\"category\":\"file\",\"ttps\":[],\"tags\":[]", "}"},
    {"{\"id\":\"a\",\"kind\":\"standard\",\"category\":\"file\",\"settings\":{},\"created_on\":"
     "\"t\",\"state\":\"finished\"",
     "}"},
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
