#include "store/ioc.h"
#include "store/terms_priv.h"

#include "base/hash.h"
#include "base/utf8.h"

#include <string.h>

#include "base/banned.h"

/* What a fact can be asked for by. The rules, in words, are in docs/store.md. */

static const char *const names[] = {
#define AS_X(id, name) [AS_TERM_##id] = (name),
    AS_TERM_MAP(AS_X)
#undef AS_X
};

const char *as_term_name(as_term_type type)
{
    return names[type];
}

/* How the text of an attribute becomes terms. */
typedef enum how {
    NOT,
    HASH,
    ADDRESS, /* an IP or a name, with or without a port */
    URL,     /* and its host */
    PATH,    /* and its file */
    COMMAND, /* and what is in it */
    FINDS,   /* what is in it */
    PLAIN    /* folded, of the type beside it */
} how;

typedef struct rule {
    uint8_t how;  /* how */
    uint8_t type; /* as_term_type, of PLAIN */
} rule;

/* Whatever the kind. */
static const rule by_attr[AS_ATTR_NAME_COUNT] = {
    [AS_ATTR_MD5] = {HASH, 0},
    [AS_ATTR_SHA1] = {HASH, 0},
    [AS_ATTR_SHA256] = {HASH, 0},
    [AS_ATTR_SHA512] = {HASH, 0},
    [AS_ATTR_SHA3_384] = {HASH, 0},
    [AS_ATTR_SSDEEP] = {HASH, 0},
    [AS_ATTR_TLSH] = {HASH, 0},
    [AS_ATTR_VHASH] = {HASH, 0},
    [AS_ATTR_AUTHENTIHASH] = {HASH, 0},
    [AS_ATTR_RH_HASH] = {HASH, 0},
    [AS_ATTR_IMPHASH] = {HASH, 0},
    [AS_ATTR_ICON_HASH] = {HASH, 0},
    [AS_ATTR_JA3] = {HASH, 0},
    [AS_ATTR_JA3S] = {HASH, 0},
    [AS_ATTR_FINGERPRINT] = {HASH, 0},
    [AS_ATTR_IP] = {ADDRESS, 0},
    [AS_ATTR_SRC] = {ADDRESS, 0},
    [AS_ATTR_DST] = {ADDRESS, 0},
    [AS_ATTR_DOMAIN] = {ADDRESS, 0},
    [AS_ATTR_HOSTNAME] = {ADDRESS, 0},
    [AS_ATTR_SNI] = {ADDRESS, 0},
    [AS_ATTR_REQUEST] = {ADDRESS, 0},
    [AS_ATTR_ANSWER] = {ADDRESS, 0},
    [AS_ATTR_URL] = {URL, 0},
    [AS_ATTR_URI] = {URL, 0},
    [AS_ATTR_MAIL] = {PLAIN, AS_TERM_OTHER},
    [AS_ATTR_PATH] = {PATH, 0},
    [AS_ATTR_FROM] = {PATH, 0},
    [AS_ATTR_TO] = {PATH, 0},
    [AS_ATTR_TARGET_PATH] = {PATH, 0},
    [AS_ATTR_MODULE_PATH] = {PATH, 0},
    [AS_ATTR_PDB_PATH] = {PATH, 0},
    [AS_ATTR_KEY] = {PLAIN, AS_TERM_KEY},
    [AS_ATTR_COMMAND_LINE] = {COMMAND, 0},
    [AS_ATTR_COMMAND] = {COMMAND, 0},
    [AS_ATTR_API] = {PLAIN, AS_TERM_API},
    [AS_ATTR_TECHNIQUE] = {PLAIN, AS_TERM_TECHNIQUE},
    [AS_ATTR_FAMILY] = {PLAIN, AS_TERM_FAMILY},
    [AS_ATTR_DPORT] = {PLAIN, AS_TERM_PORT},
    [AS_ATTR_USER] = {PLAIN, AS_TERM_USER},
    [AS_ATTR_SERVICE] = {PLAIN, AS_TERM_SERVICE},
    [AS_ATTR_TARGET_PROCESS] = {PLAIN, AS_TERM_PROCESS},
    [AS_ATTR_DLL] = {PLAIN, AS_TERM_FILE},
};

/* Of one kind: instead of the rule above. */
static const struct {
    as_kind kind;
    as_attr_name attr;
    rule rule;
} by_kind[] = {
    {AS_KIND_PROCESS, AS_ATTR_NAME, {PLAIN, AS_TERM_PROCESS}},
    {AS_KIND_PROCESS_RUNNING, AS_ATTR_NAME, {PLAIN, AS_TERM_PROCESS}},
    {AS_KIND_PROCESS_ENDED, AS_ATTR_NAME, {PLAIN, AS_TERM_PROCESS}},
    {AS_KIND_PROCESS, AS_ATTR_PID, {NOT, 0}},
    {AS_KIND_MUTEX, AS_ATTR_NAME, {PLAIN, AS_TERM_MUTEX}},
    {AS_KIND_SIGNATURE, AS_ATTR_NAME, {PLAIN, AS_TERM_SIGNATURE}},
    {AS_KIND_SIGMA, AS_ATTR_TITLE, {PLAIN, AS_TERM_SIGNATURE}},
    {AS_KIND_YARA, AS_ATTR_RULE, {PLAIN, AS_TERM_YARA}},
    {AS_KIND_IDS_ALERT, AS_ATTR_SIGNATURE, {PLAIN, AS_TERM_IDS}},
    {AS_KIND_CAPABILITY, AS_ATTR_NAME, {PLAIN, AS_TERM_CAPABILITY}},
    {AS_KIND_TASK_CREATED, AS_ATTR_NAME, {PLAIN, AS_TERM_TASK}},
    {AS_KIND_TASK_CHANGED, AS_ATTR_NAME, {PLAIN, AS_TERM_TASK}},
    {AS_KIND_TASK_DELETED, AS_ATTR_NAME, {PLAIN, AS_TERM_TASK}},
    {AS_KIND_SCHEDULED_TASK, AS_ATTR_NAME, {PLAIN, AS_TERM_TASK}},
    {AS_KIND_API_RESOLVED, AS_ATTR_NAME, {PLAIN, AS_TERM_API}},
    {AS_KIND_PE_IMPORT, AS_ATTR_NAME, {PLAIN, AS_TERM_API}},
    {AS_KIND_DROPPED, AS_ATTR_NAME, {PLAIN, AS_TERM_FILE}},
    {AS_KIND_SAMPLE, AS_ATTR_NAME, {PLAIN, AS_TERM_FILE}},
    {AS_KIND_SUBMITTED, AS_ATTR_NAME, {PLAIN, AS_TERM_FILE}},
    {AS_KIND_PAYLOAD, AS_ATTR_NAME, {PLAIN, AS_TERM_FILE}},
    {AS_KIND_EXTRACTED, AS_ATTR_NAME, {PLAIN, AS_TERM_FILE}},
    {AS_KIND_NETWORK_FILE, AS_ATTR_NAME, {PLAIN, AS_TERM_FILE}},
    {AS_KIND_CONFIG, AS_ATTR_VALUE, {COMMAND, AS_TERM_OTHER}},
    {AS_KIND_SAMPLE_ADDRESS, AS_ATTR_VALUE, {COMMAND, AS_TERM_OTHER}},
    {AS_KIND_INTELLIGENCE, AS_ATTR_VALUE, {COMMAND, AS_TERM_OTHER}},
    {AS_KIND_STRING, AS_ATTR_VALUE, {COMMAND, AS_TERM_OTHER}},
    {AS_KIND_SUMMARY_ITEM, AS_ATTR_VALUE, {COMMAND, AS_TERM_OTHER}},
    {AS_KIND_RANSOM_NOTE, AS_ATTR_TEXT, {FINDS, 0}},
    {AS_KIND_YARA_STRING, AS_ATTR_VALUE, {FINDS, 0}},
    {AS_KIND_CREDENTIAL, AS_ATTR_USER, {PLAIN, AS_TERM_USER}},
    {AS_KIND_TECHNIQUE, AS_ATTR_ID, {PLAIN, AS_TERM_TECHNIQUE}},
};

static rule rule_of(unsigned kind, unsigned attr)
{
    for (size_t i = 0; i < AS_COUNT(by_kind); i++) {
        if (by_kind[i].kind == kind && by_kind[i].attr == attr)
            return by_kind[i].rule;
    }
    return by_attr[attr];
}

/* --- telling one ---------------------------------------------------------------------------- */

/*
 * A term is looked up in an index, so it has an end. What is longer stands there by its
 * beginning and a hash of the whole: equal texts still have equal terms.
 */
static void cut_long(as_buf *norm)
{
    uint8_t digest[AS_SHA256_SIZE];
    as_sha256 *sha;
    size_t n = AS_TERM_MAX - 1 - 2 * AS_TERM_TAIL;

    if (norm->n <= AS_TERM_MAX || norm->failed)
        return;
    sha = as_sha256_new();
    if (!sha) {
        norm->failed = true;
        return;
    }
    as_sha256_add(sha, as_buf_bytes(norm));
    as_sha256_get(sha, digest);
    as_sha256_free(sha);
    while (n > 0 && (norm->p[n] & 0xc0) == 0x80)
        n--;
    norm->n = n;
    as_buf_byte(norm, '#');
    as_buf_hex(norm, (as_bytes){digest, AS_TERM_TAIL});
}

static as_code tell(as_term_teller *t, as_term_type type, as_err *err)
{
    cut_long(&t->norm);
    if (t->norm.failed)
        return as_fail_nomem(err, "a term");
    if (t->norm.n == 0)
        return AS_OK;
    t->told++;
    return t->fn(t->ctx, type, as_buf_bytes(&t->norm), err);
}

static as_code tell_folded(as_term_teller *t, as_term_type type, as_bytes text, as_err *err)
{
    as_buf_reset(&t->norm);
    as_fold(text, &t->norm);
    return tell(t, type, err);
}

static as_code tell_norm(as_term_teller *t, as_term_type type, as_ioc_type form, as_bytes text,
                         as_err *err)
{
    as_buf_reset(&t->norm);
    as_ioc_norm(form, text, &t->norm);
    return tell(t, type, err);
}

static bool is_windows_path(as_bytes text)
{
    bool drive = text.n > 2 && text.p[1] == ':';

    return drive || memchr(text.p, '\\', text.n) || text.p[0] == '%';
}

static as_code tell_path(as_term_teller *t, as_bytes text, as_err *err)
{
    as_bytes file = as_path_file(text);
    as_code rc = AS_OK;

    if (text.n == 0)
        return AS_OK;
    if (file.n < text.n)
        rc = tell_norm(t, AS_TERM_PATH,
                       is_windows_path(text) ? AS_IOC_WINDOWS_PATH : AS_IOC_UNIX_PATH, text, err);
    return rc || !file.n ? rc : tell_norm(t, AS_TERM_FILE, AS_IOC_FILE, file, err);
}

static bool is_hash(as_bytes text)
{
    bool size = text.n == 32 || text.n == 40 || text.n == 64 || text.n == 96 || text.n == 128;

    for (size_t i = 0; i < text.n && size; i++) {
        uint8_t c = text.p[i] | 0x20;

        size = (text.p[i] >= '0' && text.p[i] <= '9') || (c >= 'a' && c <= 'f');
    }
    return size;
}

/* Of what is not hex, upper and lower case are two digits. */
static as_code tell_hash(as_term_teller *t, as_bytes text, as_err *err)
{
    if (is_hash(text))
        return tell_folded(t, AS_TERM_HASH, text, err);
    as_buf_reset(&t->norm);
    as_buf_add(&t->norm, text);
    return tell(t, AS_TERM_HASH, err);
}

/* Digits and dots are an IPv4, hex and colons an IPv6; what it really is, as_ioc_norm() sees. */
static as_code tell_address(as_term_teller *t, as_bytes text, as_err *err)
{
    size_t digits = 0, colons = 0, hex = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i], low = c | 0x20;

        digits += (c >= '0' && c <= '9') || c == '.';
        colons += c == ':';
        hex += (c >= '0' && c <= '9') || (low >= 'a' && low <= 'f') || c == '.';
    }
    if (text.n == 0)
        return AS_OK;
    if (digits == text.n)
        return tell_norm(t, AS_TERM_IP, AS_IOC_IPV4, text, err);
    if (colons == 1 && digits + 1 == text.n) /* with a port */
        return tell_norm(
            t, AS_TERM_IP, AS_IOC_IPV4,
            (as_bytes){text.p, (size_t)((const uint8_t *)memchr(text.p, ':', text.n) - text.p)},
            err);
    if (colons > 1 && hex + colons == text.n)
        return tell_norm(t, AS_TERM_IP, AS_IOC_IPV6, text, err);
    return tell_norm(t, AS_TERM_DOMAIN, AS_IOC_DOMAIN, text, err);
}

/* Between "://" (and what stands before an @) and the path. */
static as_bytes host_of(as_bytes url)
{
    size_t from = 0, to;

    for (size_t i = 0; i + 2 < url.n; i++) {
        if (url.p[i] == ':' && url.p[i + 1] == '/' && url.p[i + 2] == '/') {
            from = i + 3;
            break;
        }
    }
    if (!from)
        return (as_bytes){0};
    for (to = from; to < url.n && !strchr("/?#", url.p[to]); to++) {
        if (url.p[to] == '@')
            from = to + 1;
    }
    if (from < to && url.p[from] == '[') { /* an IPv6 */
        const uint8_t *end = memchr(url.p + from, ']', to - from);

        return end ? (as_bytes){url.p + from + 1, (size_t)(end - url.p) - from - 1} : (as_bytes){0};
    }
    for (size_t i = from; i < to; i++) {
        if (url.p[i] == ':')
            to = i;
    }
    return (as_bytes){url.p + from, to - from};
}

static as_code tell_url(as_term_teller *t, as_bytes text, as_err *err)
{
    as_bytes host = host_of(text);
    as_code rc = tell_norm(t, AS_TERM_URL, AS_IOC_URL, text, err);

    return rc || !host.n ? rc : tell_address(t, host, err);
}

/* --- what is in a text ---------------------------------------------------------------------- */

#define FINDS_TEXT_MAX ((size_t)16 << 10)

static as_code tell_find(as_term_teller *t, const as_ioc *find, as_bytes text, as_err *err)
{
    as_bytes there = {text.p + find->begin, find->end - find->begin};

    switch (find->type) {
    case AS_IOC_MD5:
    case AS_IOC_SHA1:
    case AS_IOC_SHA256:
    case AS_IOC_SHA512:
        return tell_folded(t, AS_TERM_HASH, find->norm, err);
    case AS_IOC_IPV4:
    case AS_IOC_IPV6:
        return tell_folded(t, AS_TERM_IP, find->norm, err);
    case AS_IOC_DOMAIN:
        return tell_folded(t, AS_TERM_DOMAIN, find->norm, err);
    case AS_IOC_URL:
        return tell_url(t, there, err);
    case AS_IOC_WINDOWS_PATH:
    case AS_IOC_UNIX_PATH:
        return tell_path(t, there, err);
    case AS_IOC_KEY:
        return tell_norm(t, AS_TERM_KEY, AS_IOC_KEY, there, err);
    case AS_IOC_FILE:
        return tell_norm(t, AS_TERM_FILE, AS_IOC_FILE, there, err);
    case AS_IOC_TECHNIQUE:
        return tell_norm(t, AS_TERM_TECHNIQUE, AS_IOC_TECHNIQUE, there, err);
    case AS_IOC_MAIL:
    case AS_IOC_CVE:
    case AS_IOC_GUID:
        return tell_norm(t, AS_TERM_OTHER, find->type, there, err);
    case AS_IOC_API:
    case AS_IOC_HEX:
        break;
    }
    return AS_OK;
}

static as_code tell_finds(as_term_teller *t, as_bytes text, as_err *err)
{
    as_iocs finds = {0};
    as_arena *a;
    as_code rc;

    if (text.n > FINDS_TEXT_MAX)
        text.n = FINDS_TEXT_MAX;
    a = as_arena_new((size_t)16 << 20);
    if (!a)
        return as_fail_nomem(err, "a term");
    rc = as_ioc_find(text, a, &finds, err);
    if (rc == AS_LIMIT)
        rc = AS_OK; /* so many are no more than noise */
    for (size_t i = 0; !rc && i < finds.n; i++)
        rc = tell_find(t, &finds.p[i], text, err);
    as_arena_free(a);
    return rc;
}

/* --- a fact --------------------------------------------------------------------------------- */

static as_code tell_plain(as_term_teller *t, as_term_type type, as_bytes text, as_err *err)
{
    switch (type) {
    case AS_TERM_FILE:
    case AS_TERM_PROCESS:
        return tell_norm(t, type, AS_IOC_FILE, as_path_file(text), err);
    case AS_TERM_KEY:
        return tell_norm(t, type, AS_IOC_KEY, text, err);
    case AS_TERM_API:
        return tell_norm(t, type, AS_IOC_API, text, err);
    case AS_TERM_TECHNIQUE:
        return tell_norm(t, type, AS_IOC_TECHNIQUE, text, err);
    default:
        return tell_folded(t, type, text, err);
    }
}

static as_code tell_attr(as_term_teller *t, rule r, as_bytes text, as_err *err)
{
    as_code rc;

    switch (r.how) {
    case HASH:
        return tell_hash(t, text, err);
    case ADDRESS:
        return tell_address(t, text, err);
    case URL:
        return tell_url(t, text, err);
    case PATH:
        return tell_path(t, text, err);
    case FINDS:
        return tell_finds(t, text, err);
    case COMMAND:
        rc = tell_folded(t, r.type ? (as_term_type)r.type : AS_TERM_COMMAND, text, err);
        return rc ? rc : tell_finds(t, text, err);
    case PLAIN:
        return tell_plain(t, (as_term_type)r.type, text, err);
    default:
        return AS_OK;
    }
}

static bool leaves_file(unsigned kind)
{
    switch (kind) {
    case AS_KIND_DROPPED:
    case AS_KIND_FILE_WRITTEN:
    case AS_KIND_FILE_CREATED:
    case AS_KIND_FILE_RECREATED:
    case AS_KIND_FILE_MOVED:
    case AS_KIND_FILE_COPIED:
        return true;
    default:
        return false;
    }
}

/* Of a file that is there afterwards: where it went, else what it is called. */
static as_code tell_extension(as_term_teller *t, const as_facts *f, const as_fact *fact,
                              as_err *err)
{
    static const as_attr_name where[] = {AS_ATTR_TO, AS_ATTR_PATH, AS_ATTR_NAME};
    as_bytes extension = {0};

    for (size_t i = 0; i < AS_COUNT(where) && !extension.n; i++)
        extension = as_path_extension(as_fact_text(f, fact, where[i]));
    return extension.n ? tell_folded(t, AS_TERM_EXTENSION, extension, err) : AS_OK;
}

/* Whose identifying attribute is the name of a field or a number: nobody asks for it. */
static bool is_free_form(unsigned kind)
{
    switch (kind) {
    case AS_KIND_PROCESS:
    case AS_KIND_PROCESS_RUNNING:
    case AS_KIND_PROCESS_ENDED:
    case AS_KIND_ANALYSIS:
    case AS_KIND_OPTION:
    case AS_KIND_SCORE:
    case AS_KIND_MARK:
    case AS_KIND_MARK_CALL:
    case AS_KIND_YARA_META:
    case AS_KIND_API_TRACE:
    case AS_KIND_ANTIVIRUS_SUMMARY:
    case AS_KIND_EVENT:
    case AS_KIND_MEMORY_DUMP:
    case AS_KIND_MEMORY_REGION:
    case AS_KIND_MEMORY_OPERATION:
    case AS_KIND_CAPABILITY_MATCH:
    case AS_KIND_NETWORK_DETAIL:
    case AS_KIND_STATIC_DETAIL:
    case AS_KIND_CERTIFICATE_FIELD:
    case AS_KIND_PE_OVERLAY:
    case AS_KIND_FUNCTION:
    case AS_KIND_TABLE_ROW:
    case AS_KIND_TOOL_ERROR:
    case AS_KIND_TOOL_LOG:
    case AS_KIND_TOOL_MODULE:
    case AS_KIND_RESULT_SECTION:
    case AS_KIND_DETAIL:
        return true;
    default:
        return false;
    }
}

as_code as_term_teller_fact(as_term_teller *t, const as_facts *f, const as_fact *fact, as_err *err)
{
    const as_attr *a = as_fact_attrs(f, fact);
    as_attr_name ident = as_kind_get((as_kind)fact->kind)->ident;
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < fact->n_attrs; i++) {
        rule r = rule_of(fact->kind, a[i].name);

        if (a[i].form == AS_FORM_TRUE || a[i].form == AS_FORM_FALSE)
            continue;
        if (r.how == NOT && a[i].name == ident && !is_free_form(fact->kind))
            r = (rule){PLAIN, AS_TERM_OTHER};
        rc = tell_attr(t, r, as_facts_text(f, a[i].str), err);
    }
    if (!rc && leaves_file(fact->kind))
        rc = tell_extension(t, f, fact, err);
    return rc;
}

/* --- as_terms_of: the same term once -------------------------------------------------------- */

struct once {
    as_buf seen; /* type, length, text .. */
    as_term_of_fn *fn;
    void *ctx;
};

static as_code tell_once(void *ctx, as_term_type type, as_bytes norm, as_err *err)
{
    struct once *o = ctx;
    as_bytes in = as_buf_bytes(&o->seen);
    uint64_t head, n;

    while (in.n > 0 && as_take_varint(&in, &head) && as_take_varint(&in, &n)) {
        if (head == type && as_bytes_eq((as_bytes){in.p, (size_t)n}, norm))
            return AS_OK;
        in.p += n;
        in.n -= (size_t)n;
    }
    as_put_varint(&o->seen, type);
    as_put_varint(&o->seen, norm.n);
    as_buf_add(&o->seen, norm);
    return o->seen.failed ? as_fail_nomem(err, "a term") : o->fn(o->ctx, type, norm, err);
}

as_code as_terms_of(const as_facts *f, const as_fact *fact, as_term_of_fn *fn, void *ctx,
                    as_err *err)
{
    struct once o = {.fn = fn, .ctx = ctx};
    as_term_teller t = {.fn = tell_once, .ctx = &o};
    as_code rc = as_term_teller_fact(&t, f, fact, err);

    as_buf_done(&o.seen);
    as_buf_done(&t.norm);
    return rc;
}
