#include "store/store_priv.h"

#include <sys/stat.h>

#include "base/banned.h"

static uint64_t file_size(const as_store *s, const char *name)
{
    struct stat st;
    as_buf path = {0};
    uint64_t size = 0;

    as_buf_text(&path, s->home);
    as_buf_text(&path, name);
    as_buf_byte(&path, '\0');
    if (!path.failed && stat((const char *)path.p, &st) == 0)
        size = (uint64_t)st.st_size;
    as_buf_done(&path);
    return size;
}

static as_code add_blob(void *ctx, const uint8_t *sha256, uint64_t stored, as_err *err)
{
    uint64_t *sum = ctx;

    (void)err;
    *sum += sha256 ? stored : 0;
    return AS_OK;
}

as_code as_store_stats_get(as_store *s, as_store_stats *ret, as_err *err)
{
    as_store_stats stats = {0};
    const struct {
        const char *sql;
        uint64_t *to;
    } sums[] = {
        {"SELECT count(*) FROM sample", &stats.samples},
        {"SELECT count(*) FROM document", &stats.documents},
        {"SELECT total(facts) FROM document", &stats.facts},
        {"SELECT total(calls) FROM document", &stats.calls},
        {"SELECT total(size) FROM document", &stats.bytes},
        {"SELECT count(*) FROM term", &stats.terms},
        {"SELECT count(*) FROM chunk", &stats.chunks},
    };
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < AS_COUNT(sums); i++) {
        int64_t n = 0;

        rc = as_sql_int(s, sums[i].sql, NULL, 0, &n, err);
        *sums[i].to = (uint64_t)n;
    }
    if (!rc)
        rc = as_blobs_each(s->blobs, add_blob, &stats.blob_bytes, err);
    if (rc)
        return rc;
    stats.database_bytes = file_size(s, "/assay.db") + file_size(s, "/assay.db-wal");
    *ret = stats;
    return AS_OK;
}
