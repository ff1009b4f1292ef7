/*
 * Results of static tools as JSON documents: capa, FLOSS, MalwareBazaar, YARA-X. The
 * first byte says in which envelope the rest stands, so that what is found below is
 * not lost for a missing key above.
 */
#include "report_checks.h"

#include "base/banned.h"

static const struct {
    const char *before, *behind;
} envelopes[] = {
    {"", ""},
    {"{\"meta\":{\"version\":\"7\",\"sample\":{\"md5\":\"a\"},\"analysis\":{\"extractor\":\"x\"},"
     "\"flavor\":\"static\"}",
     "}"},
    {"{\"meta\":{\"sample\":{\"md5\":\"a\"},\"analysis\":{\"extractor\":\"x\"}},\"rules\":{\"r\":"
     "{\"meta\":{\"name\":\"r\"},\"matches\":[[{\"type\":\"absolute\",\"value\":1},",
     "]]}}}"},
    {"{\"metadata\":{\"file_path\":\"a\",\"min_length\":4},\"strings\":{\"static_strings\":[]",
     "}}"},
    {"{\"query_status\":\"ok\",\"data\":[{\"sha256_hash\":\"a\"", "}]}"},
    {"{\"version\":\"1\",\"matches\":[{\"rule\":\"r\",\"file\":\"f\"", "}]}"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = size ? (size_t)(data[0] - '0') : 0;

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (size && which < AS_COUNT(envelopes))
        check_data(envelopes[which].before, data + 1, size - 1, envelopes[which].behind);
    else
        check_data("", data, size, "");
    return 0;
}
