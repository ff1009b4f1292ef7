#include "store/store_priv.h"

#include "base/banned.h"

/* Seven bits a byte, the lowest first; the high bit says that more follow. */
void as_put_varint(as_buf *out, uint64_t v)
{
    while (v >= 0x80) {
        as_buf_byte(out, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    as_buf_byte(out, (uint8_t)v);
}

bool as_take_varint(as_bytes *in, uint64_t *ret)
{
    uint64_t v = 0;

    for (size_t i = 0; i < in->n && i < 10; i++) {
        uint8_t byte = in->p[i];

        if (i == 9 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            in->p += i + 1;
            in->n -= i + 1;
            *ret = v;
            return true;
        }
    }
    return false;
}

/* Each begins near where the one before it began. */
void as_pack_ranges(as_buf *out, const as_range *r, size_t n)
{
    uint64_t before = 0;

    for (size_t i = 0; i < n; i++) {
        as_put_varint(out, as_zigzag((int64_t)(r[i].begin - before)));
        as_put_varint(out, r[i].end - r[i].begin);
        before = r[i].begin;
    }
}

as_code as_unpack_ranges(as_bytes in, as_ranges *ret)
{
    uint64_t before = 0, step, length;

    ret->n = 0;
    while (in.n > 0) {
        void *p = ret->p;

        if (!as_take_varint(&in, &step) || !as_take_varint(&in, &length))
            return AS_INVALID;
        if (!as_mem_room(&p, &ret->cap, ret->n, sizeof(*ret->p)))
            return AS_NOMEM;
        ret->p = p;
        before += (uint64_t)as_unzigzag(step);
        if (length > UINT64_MAX - before)
            return AS_INVALID;
        ret->p[ret->n++] = (as_range){before, before + length};
    }
    return AS_OK;
}

static void pack_attr(const as_store *s, as_attr_name name, as_form form, as_bytes text,
                      as_buf *out)
{
    as_put_varint(out, (uint64_t)as_word_stored(s, AS_WORD_ATTR, name) << 2 | form);
    as_put_varint(out, text.n);
    as_buf_add(out, text);
}

/* Its own, and what it takes from facts above it: a row is read without them. */
void as_pack_attrs(const as_store *s, const as_facts *f, const as_fact *fact, as_buf *out)
{
    const as_attr *a = as_fact_attrs(f, fact);
    as_heirloom h;

    for (size_t i = 0; i < fact->n_attrs; i++)
        pack_attr(s, (as_attr_name)a[i].name, (as_form)a[i].form, as_facts_text(f, a[i].str), out);
    for (unsigned i = 0; i < AS_HEIRLOOMS; i++) {
        if (as_fact_inherits(f, fact, i, &h))
            pack_attr(s, h.name, h.value.form, h.value.text, out);
    }
}
