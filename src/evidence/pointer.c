#include "evidence/evidence_priv.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

as_code as_facts_node(as_facts *f, as_node parent, as_step last, as_node *ret)
{
    as_code rc = as_rows_room(f, &f->nodes, sizeof(as_link), 1, AS_ROWS_MAX);

    assert(parent <= f->nodes.n && last != AS_STEP_NONE);
    if (rc)
        return rc;
    ((as_link *)f->nodes.p)[f->nodes.n++] = (as_link){parent, last};
    *ret = (as_node)f->nodes.n;
    return AS_OK;
}

void as_facts_number_records(as_facts *f)
{
    f->records = true;
}

bool as_facts_has_records(const as_facts *f)
{
    return f->records;
}

as_code as_facts_next_input(as_facts *f, uint64_t base, bool records)
{
    as_code rc = as_rows_room(f, &f->inputs, sizeof(as_span), 1, AS_ROWS_MAX);

    if (!rc)
        ((as_span *)f->inputs.p)[f->inputs.n++] = (as_span){base, records};
    return rc;
}

static bool has_records(const as_facts *f, uint64_t at)
{
    const as_span *spans = f->inputs.p;
    size_t n = f->inputs.n;

    while (n > 0 && spans[n - 1].base > at)
        n--;
    return n > 0 ? spans[n - 1].records : f->records;
}

static size_t index_size(as_step step)
{
    size_t n = 1;

    for (; step >= 10; step /= 10)
        n++;
    return n;
}

/* Bytes of "/step", escaped. */
static size_t step_size(const as_facts *f, as_step step)
{
    as_bytes key;
    size_t n;

    if (!(step & AS_STEP_KEY))
        return 1 + index_size(step);
    key = as_facts_text(f, step & ~AS_STEP_KEY);
    n = 1 + key.n;
    for (size_t i = 0; i < key.n; i++)
        n += key.p[i] == '~' || key.p[i] == '/';
    return n;
}

/* Writes "/step" so that it ends before `end`; returns where it begins. */
static uint8_t *step_put(const as_facts *f, as_step step, uint8_t *end)
{
    as_bytes key;

    if (!(step & AS_STEP_KEY)) {
        do {
            *--end = (uint8_t)('0' + step % 10);
            step /= 10;
        } while (step > 0);
        *--end = '/';
        return end;
    }
    key = as_facts_text(f, step & ~AS_STEP_KEY);
    for (size_t i = key.n; i-- > 0;) {
        bool special = key.p[i] == '~' || key.p[i] == '/';

        if (special)
            *--end = key.p[i] == '~' ? '0' : '1';
        *--end = special ? '~' : key.p[i];
    }
    *--end = '/';
    return end;
}

/* A node knows what is above it alone, so the pointer is measured, then written from its end. */
void as_facts_pointer(const as_facts *f, const as_evidence *e, as_buf *out)
{
    const as_link *links = f->nodes.p;
    size_t n = e->last != AS_STEP_NONE ? step_size(f, e->last) : 0;
    uint8_t *at;

    /* Past the buffer's own limit there is no use in going on. */
    for (as_node node = e->node; node > 0 && n <= AS_BUF_MAX; node = links[node - 1].up)
        n += step_size(f, links[node - 1].step);
    at = n > 0 ? as_buf_room(out, n) : NULL;
    if (!at)
        return;
    at += n;
    if (e->last != AS_STEP_NONE)
        at = step_put(f, e->last, at);
    for (as_node node = e->node; node > 0; node = links[node - 1].up)
        at = step_put(f, links[node - 1].step, at);
    if (has_records(f, e->begin) && at[1] >= '0' && at[1] <= '9')
        *at = '#';
    out->n += n;
}
