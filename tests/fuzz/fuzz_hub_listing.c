/*
 * A hub's listing and what it says of a model, from a hub that wishes us ill: what is taken
 * has plain paths alone, once picked, and hashes of the right form.
 */
#include "encode/hub.h"
#include "encode/models_priv.h" /* what is picked is checked too */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pick(const as_hub_listing *l, as_arena *a)
{
    as_pick_rules rules = {.only = SIZE_MAX, .top_wins = true};
    as_listed *items = as_mem_zero(l->n + 1, sizeof(*items));
    as_pick p = {0};

    for (size_t i = 0; items && i < l->n; i++)
        items[i] = (as_listed){l->p[i].path, l->p[i].size};
    if (items && !as_model_pick(items, l->n, &rules, a, &p, NULL)) {
        assert(p.n >= 2); /* weights and a tokenizer */
        for (size_t i = 0; i < p.n; i++)
            assert(p.files[i].item < l->n && as_path_plain(p.files[i].target));
    }
    as_mem_free(items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_arena *a = as_arena_new((size_t)64 << 20);
    uint8_t *copy = as_mem_get(size ? size : 1);
    as_hub_listing l = {0};
    as_bytes commit = {0}, licence = {0};
    as_err err = {0};
    as_code rc;

    assert(a && copy);
    if (size > 0)
        memcpy(copy, data, size);
    rc = as_hub_listing_read((as_bytes){copy, size}, a, &l, &err);
    assert(!rc || (err.msg[0] && !strchr(err.msg, '\n')));
    for (size_t i = 0; i < l.n; i++)
        assert(l.p[i].path.n > 0 && strspn(l.p[i].sha256, "0123456789abcdef") % 64 == 0 &&
               strspn(l.p[i].git_sha1, "0123456789abcdef") % 40 == 0);
    if (!rc)
        pick(&l, a);
    if (!as_hub_info_read((as_bytes){copy, size}, a, &commit, &licence, NULL))
        assert((commit.n == 0 || commit.n == 40) && licence.n <= 80);
    as_hub_listing_done(&l);
    as_mem_free(copy);
    as_arena_free(a);
    return 0;
}
