/*
 * Results of static tools as JSON documents: capa, FLOSS, MalwareBazaar, YARA-X. The
 * first byte says in which envelope the rest stands, so that what is found below is
 * not lost for a missing key above.
 */
#include "report_checks.h"

#include "base/banned.h"

static const struct {
    const char *format, *before, *behind;
} envelopes[] = {
    {"capa",
     "{\"meta\":{\"version\":\"7\",\"sample\":{\"md5\":\"a\"},\"analysis\":{\"extractor\":\"x\"},"
     "\"flavor\":\"static\"}",
     "}"},
    {"capa",
     "{\"meta\":{\"sample\":{\"md5\":\"a\"},\"analysis\":{\"extractor\":\"x\"}},\"rules\":{\"r\":"
     "{\"meta\":{\"name\":\"r\"},\"matches\":[[{\"type\":\"absolute\",\"value\":1},",
     "]]}}}"},
    {"floss",
     "{\"metadata\":{\"file_path\":\"a\",\"min_length\":4},\"strings\":{\"static_strings\":[]",
     "}}"},
    {"malwarebazaar", "{\"query_status\":\"ok\",\"data\":[{\"sha256_hash\":\"a\"", "}]}"},
    {"yara-x", "{\"version\":\"1\",\"matches\":[{\"rule\":\"r\",\"file\":\"f\"", "}]}"},
};

static const char *const formats[] = {"capa", "floss", "malwarebazaar", "yara-x"};

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
