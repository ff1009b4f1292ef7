#include "formats/linux_calls_priv.h"

#include "base/utf8.h"

#include "base/banned.h"

/* What the readers of strace and of audit logs put into facts alike. */

as_bytes as_linux_clean(as_bytes text, as_buf *buf)
{
    size_t good = as_utf8_check(text);

    if (good == text.n)
        return text;
    as_buf_reset(buf);
    while (text.n) {
        as_buf_add(buf, (as_bytes){text.p, good});
        if (good < text.n)
            as_buf_printf(buf, "\\x%02x", text.p[good++]);
        text = (as_bytes){text.p + good, text.n - good};
        good = as_utf8_check(text);
    }
    return as_buf_bytes(buf);
}

as_bytes as_linux_cut(as_bytes text, size_t max)
{
    if (text.n <= max)
        return text;
    while (max > 0 && (text.p[max] & 0xc0) == 0x80)
        max--;
    return (as_bytes){text.p, max};
}

as_code as_linux_put(as_walk *w, as_draft *d, as_attr_name name, as_bytes text, as_err *err)
{
    as_code rc;

    if (!text.n || d->n_attrs == AS_DRAFT_ATTRS)
        return AS_OK;
    as_buf_reset(&w->text);
    text = as_linux_clean(text, &w->text);
    if (w->text.failed)
        return as_fail_nomem(err, "a line");
    rc = as_draft_text(d, w->facts, name, AS_FORM_TEXT, text);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

as_code as_linux_put_u64(as_walk *w, as_draft *d, as_attr_name name, uint64_t value, as_err *err)
{
    uint8_t text[20];
    size_t at = sizeof(text);
    as_code rc;

    do {
        text[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value);
    rc = as_draft_text(d, w->facts, name, AS_FORM_NUMBER, (as_bytes){text + at, sizeof(text) - at});
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

as_bytes as_linux_base_name(as_bytes path)
{
    size_t at = path.n;

    if (!path.n)
        return path;
    while (at > 0 && path.p[at - 1] != '/')
        at--;
    return (as_bytes){path.p + at, path.n - at};
}
