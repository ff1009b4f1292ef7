/*
 * Results and ontologies of Assemblyline. The first byte says where the rest stands: as the
 * JSON inside a section's body, as a part of a document, or, of any other, by itself.
 */
#include "report_checks.h"

#include "base/banned.h"

static const char *const bodies[] = {"SANDBOX", "TABLE", "MULTI", "PROCESS_TREE",
                                     "ORDERED_KEY_VALUE"};

static const struct {
    const char *before, *behind;
} envelopes[] = {
    {"{\"result\":{\"sections\":[{\"title_text\":\"Signature: s\"",
     "},{\"title_text\":\"t\"}]},\"signatures\":[{\"name\":\"s\"}]}"},
    {"{\"sandboxes\":[],\"processes\":[{\"pid\":1}", "]}"},
    {"{\"network_connections\":[{\"destination_ip\":\"a\"}", "]}"},
    {"{\"signatures\":[{\"name\":\"s\"}", "]}"},
};

/* `data` as the text of a body; what JSON does not allow there is escaped. */
static void check_body(const char *format, const uint8_t *data, size_t size)
{
    as_buf b = {0};

    as_buf_printf(&b,
                  "{\"result\":{\"sections\":[{\"title_text\":\"t\",\"heuristic\":{\"heur_id\":1},"
                  "\"body_format\":\"%s\",\"body\":\"",
                  format);
    for (size_t i = 0; i < size; i++) {
        if (data[i] < 0x20 || data[i] == '"' || data[i] == '\\' || data[i] >= 0x7f)
            as_buf_printf(&b, "\\u%04x", data[i]);
        else
            as_buf_byte(&b, data[i]);
    }
    as_buf_text(&b, "\"}]}}");
    MUST(!b.failed);
    check_data("assemblyline", "", b.p, b.n, "");
    as_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = size ? (size_t)(data[0] - '1') : AS_COUNT(bodies) + AS_COUNT(envelopes);

    if (size > REPORT_MAX / 8 || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (which < AS_COUNT(bodies))
        check_body(bodies[which], data + 1, size - 1);
    else if (which < AS_COUNT(bodies) + AS_COUNT(envelopes))
        check_data("assemblyline", envelopes[which - AS_COUNT(bodies)].before, data + 1, size - 1,
                   envelopes[which - AS_COUNT(bodies)].behind);
    else
        check_data("assemblyline", "", data, size, "");
    return 0;
}
