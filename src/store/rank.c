#include "store/search_priv.h"

#include <math.h>

#include "base/banned.h"

/*
 * BM25 as Robertson has it. Chunks are of one shape, so that length says less than in prose:
 * b is small. What stands in the line above a chunk counts half: it is the same for many.
 */
#define K1      1.2
#define B       0.4
#define CONTEXT 0.5

enum { COLUMN_CONTEXT, COLUMN_BODY };

double as_rank_idf(double n, double df)
{
    return log(1.0 + (n > df ? n - df + 0.5 : 0.5) / (df + 0.5));
}

static int frequency(const Fts5ExtensionApi *api, Fts5Context *fts, int phrase, double *ret)
{
    Fts5PhraseIter at;
    int column, offset;
    int rc = api->xPhraseFirst(fts, phrase, &at, &column, &offset);

    *ret = 0;
    while (!rc && column >= 0) {
        *ret += column == COLUMN_BODY ? 1.0 : CONTEXT;
        api->xPhraseNext(fts, &at, &column, &offset);
    }
    return rc;
}

static int average_length(const Fts5ExtensionApi *api, Fts5Context *fts, double *ret)
{
    sqlite3_int64 rows = 0, words = 0;
    int rc = api->xRowCount(fts, &rows);

    if (!rc)
        rc = api->xColumnTotalSize(fts, COLUMN_BODY, &words);
    *ret = rows > 0 && words > 0 ? (double)words / (double)rows : 1.0;
    return rc;
}

static int score_row(const Fts5ExtensionApi *api, Fts5Context *fts, as_rank *rank, double *ret)
{
    int length = 0;
    double norm, score = 0;
    int rc = rank->average > 0 ? SQLITE_OK : average_length(api, fts, &rank->average);

    if (!rc)
        rc = api->xColumnSize(fts, COLUMN_BODY, &length);
    norm = K1 * (1.0 - B + B * (double)length / rank->average);
    rank->words = 0;
    for (size_t i = 0; !rc && i < rank->n_phrases; i++) {
        double tf = 0;

        if (rank->of_phrase[i] < 0)
            continue;
        rc = frequency(api, fts, (int)i, &tf);
        if (tf <= 0)
            continue;
        score += rank->idf[rank->of_phrase[i]] * tf * (K1 + 1.0) / (tf + norm);
        if (rank->of_phrase[i] < 64)
            rank->words |= (uint64_t)1 << rank->of_phrase[i];
    }
    *ret = score;
    return rc;
}

static void assay_rank(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *ctx, int n,
                       sqlite3_value **args)
{
    as_rank *rank = n == 1 ? sqlite3_value_pointer(args[0], AS_RANK_POINTER) : NULL;
    double score = 0;
    int rc;

    if (!rank || (size_t)api->xPhraseCount(fts) != rank->n_phrases) {
        sqlite3_result_error(ctx, "assay_rank() is called by assay alone", -1);
        return;
    }
    rc = score_row(api, fts, rank, &score);
    if (rc)
        sqlite3_result_error_code(ctx, rc);
    else
        sqlite3_result_double(ctx, score);
}

as_code as_rank_register(as_store *s, as_err *err)
{
    fts5_api *api = NULL;
    sqlite3_stmt *st = NULL;
    int rc;

    if (s->ranks)
        return AS_OK;
    rc = sqlite3_prepare_v2(s->db, "SELECT fts5(?1)", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_pointer(st, 1, &api, "fts5_api_ptr", NULL);
    if (rc == SQLITE_OK)
        (void)sqlite3_step(st);
    (void)sqlite3_finalize(st);
    if (rc == SQLITE_OK && !api)
        rc = SQLITE_ERROR;
    if (rc == SQLITE_OK)
        rc = api->xCreateFunction(api, "assay_rank", NULL, assay_rank, NULL);
    if (rc != SQLITE_OK)
        return as_sql_fail(s, rc, err);
    s->ranks = true;
    return AS_OK;
}
