#include "formats/linux_calls.h"

#include "base/utf8.h"

#include "base/banned.h"

/* What the readers of strace and of audit logs put into facts alike. */

as_code as_linux_put(as_walk *w, as_draft *d, as_attr_name name, as_bytes text, as_err *err)
{
    size_t good = as_utf8_check(text);
    as_code rc;

    if (!text.n)
        return AS_OK;
    if (good < text.n) {
        as_buf_reset(&w->text);
        while (text.n) {
            good = as_utf8_check(text);
            as_buf_add(&w->text, (as_bytes){text.p, good});
            if (good < text.n)
                as_buf_printf(&w->text, "\\x%02x", text.p[good++]);
            text = (as_bytes){text.p + good, text.n - good};
        }
        if (w->text.failed)
            return as_fail_nomem(err, "a line");
        text = as_buf_bytes(&w->text);
    }
    if (d->n_attrs == AS_DRAFT_ATTRS)
        return AS_OK;
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
