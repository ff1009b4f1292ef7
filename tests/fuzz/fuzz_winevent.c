/*
 * Windows events as JSON: the input as it stands; from '<' on, as the XML inside a text.
 */
#include "event_checks.h"

#include "base/banned.h"

/* The input as the one text of an array; what JSON does not allow there is escaped. */
static void check_xml(const uint8_t *data, size_t size)
{
    as_buf b = {0};

    as_buf_text(&b, "[\"");
    for (size_t i = 0; i < size; i++) {
        if (data[i] < 0x20 || data[i] == '"' || data[i] == '\\' || data[i] >= 0x7f)
            as_buf_printf(&b, "\\u%04x", data[i]);
        else
            as_buf_byte(&b, data[i]);
    }
    as_buf_text(&b, "\"]");
    MUST(!b.failed);
    b.p = as_mem_resize(b.p, b.n);
    MUST(b.p);
    check_log("winevent", as_buf_bytes(&b), false);
    as_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (size && data[0] == '<') {
        check_xml(data, size);
        return 0;
    }
    copy = malloc(size ? size : 1);
    MUST(copy);
    if (size)
        memcpy(copy, data, size);
    check_log("winevent", (as_bytes){copy, size}, false);
    free(copy);
    return 0;
}
