/* The one form in which two spellings of the same thing are equal. */
#include "base/utf8.h"
#include "store/ioc_priv.h"

#include <arpa/inet.h>
#include <string.h>
#include <utf8proc.h>

#include "base/banned.h"

#define QUOTES    "\"'`"
#define LABEL_MAX 63u

/* --- folding --------------------------------------------------------------------------- */

static void fold_char(int32_t cp, as_bytes raw, as_buf *out)
{
    utf8proc_int32_t folded[8];
    int boundary = 0;
    utf8proc_ssize_t n = cp < 0 ? 0
                                : utf8proc_decompose_char(cp, folded, AS_COUNT(folded),
                                                          UTF8PROC_CASEFOLD, &boundary);

    if (n <= 0 || n > (utf8proc_ssize_t)AS_COUNT(folded)) {
        as_buf_add(out, raw);
        return;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        uint8_t text[4];
        size_t used = as_utf8_put((uint32_t)folded[i], text);

        as_buf_add(out, (as_bytes){text, used});
    }
}

void as_fold_all(as_bytes b, as_buf *out)
{
    size_t at = 0;

    while (at < b.n) {
        size_t n = 0;

        if (b.p[at] < 0x80) {
            uint8_t *to;

            while (at + n < b.n && b.p[at + n] < 0x80)
                n++;
            to = as_buf_room(out, n);
            if (!to)
                return;
            for (size_t i = 0; i < n; i++)
                to[i] = as_lower(b.p[at + i]);
            out->n += n;
        } else {
            int32_t cp = as_utf8_next((as_bytes){b.p + at, b.n - at}, &n);

            fold_char(cp, (as_bytes){b.p + at, n}, out);
        }
        at += n;
    }
}

static size_t blank_at(as_bytes b, size_t at)
{
    if (b.p[at] == ' ' || (b.p[at] >= '\t' && b.p[at] <= '\r'))
        return 1;
    if (b.n - at >= 2 && b.p[at] == 0xc2 && b.p[at + 1] == 0xa0)
        return 2;
    return b.n - at >= 3 && b.p[at] == 0xe3 && b.p[at + 1] == 0x80 && b.p[at + 2] == 0x80 ? 3 : 0;
}

static as_bytes trim_blanks(as_bytes b)
{
    size_t n;

    while (b.n && (n = blank_at(b, 0)) > 0)
        b = (as_bytes){b.p + n, b.n - n};
    for (bool more = true; more;) {
        more = false;
        for (size_t k = 1; k <= 3 && k <= b.n; k++) {
            if (blank_at(b, b.n - k) == k) {
                b.n -= k;
                more = true;
                break;
            }
        }
    }
    return b;
}

static as_bytes trim(as_bytes b)
{
    b = trim_blanks(b);
    while (b.n >= 2 && as_one_of(b.p[0], QUOTES) && b.p[b.n - 1] == b.p[0])
        b = trim_blanks((as_bytes){b.p + 1, b.n - 2});
    return b;
}

void as_fold(as_bytes text, as_buf *out)
{
    as_fold_all(trim_blanks(text), out);
}

/* --- parts of a path ------------------------------------------------------------------- */

as_bytes as_path_file(as_bytes path)
{
    size_t begin = path.n;

    while (begin > 0 && path.p[begin - 1] != '\\' && path.p[begin - 1] != '/')
        begin--;
    if (begin > 0)
        path = (as_bytes){path.p + begin, path.n - begin};
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] == ':') /* "a.txt:stream", but "c:" is no file with a stream */
            return i == 1 && path.n == 2 ? path : (as_bytes){path.p, i};
    }
    return path;
}

as_bytes as_path_extension(as_bytes path)
{
    as_bytes file = as_path_file(path);
    size_t n = 0;

    while (n < file.n && as_is_alnum(file.p[file.n - 1 - n]))
        n++;
    if (n == 0 || n > 16 || n == file.n || file.p[file.n - 1 - n] != '.')
        return (as_bytes){0};
    return (as_bytes){file.p + file.n - n, n};
}

/* --- hosts ----------------------------------------------------------------------------- */

static uint32_t puny_adapt(uint32_t delta, uint32_t count, bool first)
{
    uint32_t k = 0;

    delta = first ? delta / 700 : delta / 2;
    delta += delta / count;
    for (; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

static int puny_digit(uint8_t c)
{
    return as_is_digit(c) ? c - '0' + 26 : as_is_lower(as_lower(c)) ? as_lower(c) - 'a' : -1;
}

/* The next number of RFC 3492; false if the label is wrong. */
static bool puny_number(as_bytes b, size_t *at, uint32_t bias, uint32_t *value)
{
    uint32_t weight = 1;

    for (uint32_t k = 36;; k += 36) {
        uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias, add;
        int digit = *at < b.n ? puny_digit(b.p[*at]) : -1;

        (*at)++;
        if (digit < 0 || __builtin_mul_overflow((uint32_t)digit, weight, &add) ||
            __builtin_add_overflow(*value, add, value))
            return false;
        if ((uint32_t)digit < t)
            return true;
        if (__builtin_mul_overflow(weight, 36 - t, &weight))
            return false;
    }
}

/* What is behind "xn--" of a label. False: it is no such thing, and nothing was appended. */
static bool puny_decode(as_bytes b, as_buf *out)
{
    uint32_t points[LABEL_MAX + 1], n = 128, i = 0, bias = 72, count = 0;
    size_t dash = b.n, at;

    while (dash > 0 && b.p[dash - 1] != '-')
        dash--;
    if (b.n > LABEL_MAX)
        return false;
    for (at = 0; dash > 1 && at < dash - 1; at++)
        points[count++] = as_lower(b.p[at]);
    for (at = dash; at < b.n;) {
        uint32_t before = i;

        if (!puny_number(b, &at, bias, &i) || count >= LABEL_MAX)
            return false;
        count++;
        bias = puny_adapt(i - before, count, before == 0);
        n += i / count;
        i %= count;
        if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000))
            return false;
        memmove(points + i + 1, points + i, (count - 1 - i) * sizeof(*points));
        points[i++] = n;
    }
    /* What ASCII could say is not coded; "xn--xn--..." would be decoded twice. */
    for (i = 0, n = 0; i < count; i++)
        n |= points[i];
    if (n < 0x80)
        return false;
    for (uint32_t k = 0; k < count; k++) {
        uint8_t text[4];
        size_t used = as_utf8_put(points[k], text);

        as_fold_all((as_bytes){text, used}, out);
    }
    return true;
}

/* host or host:port, in brackets or not. */
static void norm_host(as_bytes b, as_buf *out)
{
    size_t from = 0;

    while (b.n && b.p[b.n - 1] == '.')
        b.n--;
    for (size_t i = 0; i <= b.n; i++) {
        as_bytes label = {b.p + from, i - from};
        bool coded = label.n > 4 && as_bytes_eq_nocase((as_bytes){label.p, 4}, AS_LITERAL("xn--"));

        if (i < b.n && b.p[i] != '.')
            continue;
        if (!coded || !puny_decode((as_bytes){label.p + 4, label.n - 4}, out))
            as_fold_all(label, out);
        if (i < b.n)
            as_buf_byte(out, '.');
        from = i + 1;
    }
}

/* Without what is behind the last colon, if those are digits. */
static as_bytes without_port(as_bytes b, as_bytes *port)
{
    size_t n = 0;

    while (n < b.n && as_is_digit(b.p[b.n - 1 - n]))
        n++;
    *port = (as_bytes){0};
    if (n < b.n && b.p[b.n - 1 - n] == ':') {
        *port = (as_bytes){b.p + b.n - n, n};
        b.n -= n + 1;
    }
    return b;
}

static void norm_ipv6(as_bytes b, as_buf *out)
{
    struct in6_addr address;
    char text[INET6_ADDRSTRLEN + 1];
    as_bytes port;

    if (b.n && b.p[0] == '[') {
        b = without_port(b, &port);
        b = (as_bytes){b.p + 1, b.n - 1};
        if (b.n && b.p[b.n - 1] == ']')
            b.n--;
    }
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == '%')
            b.n = i;
    }
    if (b.n < sizeof(text)) {
        memcpy(text, b.p, b.n);
        text[b.n] = 0;
        if (inet_pton(AF_INET6, text, &address) == 1 &&
            inet_ntop(AF_INET6, &address, text, sizeof(text))) {
            as_buf_text(out, text);
            return;
        }
    }
    as_fold_all(b, out);
}

/* Dots and ports at the end of a host, empty ones too, however many: the last port counts. */
static as_bytes host_of(as_bytes b, as_bytes *port)
{
    as_bytes last = {0}, more;
    size_t before;

    do {
        before = b.n;
        while (b.n && b.p[b.n - 1] == '.')
            b.n--;
        b = without_port(b, &more);
        last = last.n ? last : more;
    } while (b.n < before);
    *port = last;
    return b;
}

static void norm_url(as_bytes b, as_buf *out)
{
    size_t scheme = 0, host, end, at;
    as_bytes name, port;
    bool plain;

    while (scheme < b.n && b.p[scheme] != ':')
        scheme++;
    host = scheme;
    while (host < b.n && (b.p[host] == ':' || b.p[host] == '/'))
        host++;
    for (end = host; end < b.n && !as_one_of(b.p[end], "/?#\\");)
        end++;
    for (at = end; at > host && b.p[at - 1] != '@';)
        at--;
    as_fold_all((as_bytes){b.p, scheme}, out);
    as_buf_text(out, "://");
    as_buf_add(out, (as_bytes){b.p + host, at - host});
    name = host_of((as_bytes){b.p + at, end - at}, &port);
    if (name.n && name.p[0] == '[') {
        as_buf_byte(out, '[');
        norm_ipv6(name, out);
        as_buf_byte(out, ']');
    } else {
        norm_host(name, out);
    }
    plain = (as_bytes_is(port, "80") && scheme == 4 && as_lower(b.p[0]) == 'h') ||
            (as_bytes_is(port, "443") && scheme == 5 && as_lower(b.p[0]) == 'h');
    if (port.n && !plain) {
        as_buf_byte(out, ':');
        as_buf_add(out, port);
    }
    if (b.n - end > 1 || (b.n - end == 1 && b.p[end] != '/'))
        as_buf_add(out, (as_bytes){b.p + end, b.n - end});
}

/* --- paths and keys ---------------------------------------------------------------------- */

static bool is_slash(uint8_t c)
{
    return c == '\\' || c == '/';
}

/* Case and the kind of slash do not count. */
static bool drop_prefix(as_bytes *b, const char *prefix)
{
    size_t n = strlen(prefix);

    if (b->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)prefix[i];

        if (is_slash(c) ? !is_slash(b->p[i]) : as_lower(b->p[i]) != as_lower(c))
            return false;
    }
    *b = (as_bytes){b->p + n, b->n - n};
    return true;
}

/* Folded, one `slash` for any number of them, none at the end. */
static void add_components(as_bytes b, uint8_t slash, as_buf *out)
{
    size_t from = 0;

    while (b.n && is_slash(b.p[b.n - 1]))
        b.n--;
    for (size_t i = 0; i <= b.n; i++) {
        if (i < b.n && b.p[i] != '\\' && (b.p[i] != '/'))
            continue;
        if (i > from)
            as_fold_all((as_bytes){b.p + from, i - from}, out);
        if (i < b.n && (i == 0 || !is_slash(b.p[i - 1])))
            as_buf_byte(out, slash);
        from = i + 1;
    }
}

/*
 * The file spaces of the kernel (\??\C:) and of long paths (\\?\C:, \\?\UNC\server) are
 * other names of the same file. True: it is on another machine, and *b begins with its name.
 */
static bool drop_file_space(as_bytes *b)
{
    size_t slashes = 0;
    bool more = true;

    while (more) {
        while (b->n && is_slash(b->p[0])) {
            *b = (as_bytes){b->p + 1, b->n - 1};
            slashes++;
        }
        more = slashes > 0 && (drop_prefix(b, "??\\") || (slashes > 1 && drop_prefix(b, "?\\")) ||
                               drop_prefix(b, "DosDevices\\"));
        if (more)
            slashes = drop_prefix(b, "UNC\\") ? 2 : 0;
    }
    if (slashes == 1) { /* \Device\...: as it was */
        *b = (as_bytes){b->p - 1, b->n + 1};
    }
    return slashes > 1 && b->n > 0;
}

static void norm_windows(as_bytes b, as_buf *out)
{
    if (drop_file_space(&b))
        as_buf_text(out, "\\\\");
    add_components(b, '\\', out);
    if (b.n >= 3 && b.p[1] == ':' && is_slash(b.p[2]) && b.p[b.n - 1] == b.p[2]) {
        size_t n = b.n;

        while (n > 2 && is_slash(b.p[n - 1]))
            n--;
        if (n == 2)
            as_buf_byte(out, '\\');
    }
}

static void norm_key(as_bytes b, as_buf *out)
{
    static const struct {
        const char *prefix, *root;
    } roots[] = {
        {"\\REGISTRY\\MACHINE", "hkey_local_machine"},
        {"\\REGISTRY\\USER", "hkey_users"},
        {"HKEY_LOCAL_MACHINE", "hkey_local_machine"},
        {"HKEY_CURRENT_USER", "hkey_current_user"},
        {"HKEY_CLASSES_ROOT", "hkey_classes_root"},
        {"HKEY_USERS", "hkey_users"},
        {"HKEY_CURRENT_CONFIG", "hkey_current_config"},
        {"HKLM", "hkey_local_machine"},
        {"HKCU", "hkey_current_user"},
        {"HKCR", "hkey_classes_root"},
        {"HKCC", "hkey_current_config"},
        {"HKU", "hkey_users"},
    };

    (void)drop_prefix(&b, "Computer\\");
    for (size_t i = 0; i < AS_COUNT(roots); i++) {
        as_bytes rest = b;

        if (!drop_prefix(&rest, roots[i].prefix))
            continue;
        (void)drop_prefix(&rest, ":"); /* HKLM:\Software, as PowerShell has it */
        if (rest.n && rest.p[0] != '\\' && rest.p[0] != '/')
            continue;
        as_buf_text(out, roots[i].root);
        b = rest;
        break;
    }
    add_components(b, '\\', out);
}

static as_bytes without_braces(as_bytes b)
{
    if (b.n && b.p[0] == '{')
        b = (as_bytes){b.p + 1, b.n - 1};
    if (b.n && b.p[b.n - 1] == '}')
        b.n--;
    return b;
}

static void norm_upper(as_bytes b, as_buf *out)
{
    for (size_t i = 0; i < b.n; i++)
        as_buf_byte(out, as_is_lower(b.p[i]) ? (uint8_t)(b.p[i] & ~0x20) : b.p[i]);
}

static void norm_mail(as_bytes b, as_buf *out)
{
    size_t at = b.n;

    while (at > 0 && b.p[at - 1] != '@')
        at--;
    as_fold_all((as_bytes){b.p, at}, out);
    norm_host((as_bytes){b.p + at, b.n - at}, out);
}

static void norm_api(as_bytes b, as_buf *out)
{
    size_t at = b.n;

    while (at > 0 && b.p[at - 1] != '!')
        at--;
    as_fold_all((as_bytes){b.p + at, b.n - at}, out);
}

void as_ioc_norm_plain(as_ioc_type type, as_bytes text, as_buf *out)
{
    as_bytes b = trim(text), port;
    size_t before = out->n;

    switch (type) {
    case AS_IOC_IPV4:
        as_buf_add(out, without_port(b, &port));
        break;
    case AS_IOC_IPV6:
        norm_ipv6(b, out);
        break;
    case AS_IOC_DOMAIN:
        norm_host(host_of(b, &port), out);
        break;
    case AS_IOC_URL:
        norm_url(b, out);
        break;
    case AS_IOC_MAIL:
        norm_mail(b, out);
        break;
    case AS_IOC_WINDOWS_PATH:
        norm_windows(b, out);
        break;
    case AS_IOC_UNIX_PATH:
        add_components(b, '/', out);
        if (b.n && is_slash(b.p[0]) && as_path_file(b).n == 0 && out->n == before)
            as_buf_byte(out, '/');
        break;
    case AS_IOC_KEY:
        norm_key(b, out);
        break;
    case AS_IOC_TECHNIQUE:
    case AS_IOC_CVE:
        norm_upper(b, out);
        break;
    case AS_IOC_GUID:
        as_fold_all(without_braces(b), out);
        break;
    case AS_IOC_API:
        norm_api(b, out);
        break;
    default:
        as_fold_all(b, out);
        break;
    }
}

void as_ioc_norm(as_ioc_type type, as_bytes text, as_buf *out)
{
    as_refanged r = {0};

    if (!as_refang(text, &r))
        out->failed = true;
    else
        as_ioc_norm_plain(type, r.text, out);
    as_refang_done(&r);
}

/* --- refanging --------------------------------------------------------------------------- */

static const struct {
    const char *from, *to;
} pieces[] = {
    {"[.]", "."},     {"(.)", "."},  {"{.}", "."},  {"[dot]", "."}, {"(dot)", "."}, {"{dot}", "."},
    {"[://]", "://"}, {"[:]", ":"},  {"(:)", ":"},  {"[/]", "/"},   {"[@]", "@"},   {"(@)", "@"},
    {"[at]", "@"},    {"(at)", "@"}, {"{at}", "@"}, {"[.", "."}, /* "evil[.com" */
};

static const struct {
    const char *from, *to;
} schemes[] = {
    {"hxxp", "http"}, {"hxtp", "http"}, {"htxp", "http"}, {"h**p", "http"}, {"fxp", "ftp"}};

static bool begins(as_bytes b, size_t at, const char *text)
{
    size_t n = strlen(text);

    return b.n - at >= n && as_bytes_eq_nocase((as_bytes){b.p + at, n}, as_bytes_of(text));
}

static bool named(uint8_t c)
{
    return as_is_alnum(c) || c >= 0x80;
}

/* Bytes of `b` at `at` that stand for *to; 0: it is what it is. */
static size_t piece_at(as_bytes b, size_t at, const char **to)
{
    if (at == 0 || !named(b.p[at - 1]))
        return 0;
    for (size_t i = 0; i < AS_COUNT(pieces); i++) {
        size_t n = strlen(pieces[i].from);

        if (!begins(b, at, pieces[i].from) || at + n >= b.n)
            continue;
        if (!named(b.p[at + n]) && b.p[at + n] != '/' && b.p[at + n] != ':')
            continue;
        *to = pieces[i].to;
        return n;
    }
    return 0;
}

static size_t scheme_at(as_bytes b, size_t at, const char **to)
{
    if (at > 0 && as_is_alnum(b.p[at - 1]))
        return 0;
    for (size_t i = 0; i < AS_COUNT(schemes); i++) {
        size_t n = strlen(schemes[i].from), behind = at + n;

        if (!begins(b, at, schemes[i].from))
            continue;
        if (behind < b.n && as_lower(b.p[behind]) == 's')
            behind++;
        if (behind < b.n && (b.p[behind] == '[' || b.p[behind] == '('))
            behind++;
        if (behind >= b.n || b.p[behind] != ':')
            continue;
        *to = schemes[i].to;
        return n;
    }
    return 0;
}

/* U+FF01..FF5E are ASCII, wide. Of the punctuation only what names and addresses have. */
static uint8_t narrow_at(as_bytes b, size_t at)
{
    unsigned c;

    if (b.n - at < 3 || b.p[at] != 0xef || b.p[at + 1] < 0xbc || b.p[at + 1] > 0xbd ||
        (b.p[at + 2] & 0xc0) != 0x80)
        return 0;
    c = (b.p[at + 1] & 0x3fu) << 6 | (b.p[at + 2] & 0x3fu);
    if (c < 0xf01 || c > 0xf5e)
        return 0;
    c = c - 0xf01 + 0x21;
    if (c == ':') /* in Chinese text this ends a clause; in an address it has digits behind it */
        return b.n - at > 3 && (as_is_digit(b.p[at + 3]) || b.p[at + 3] == '/' ||
                                b.p[at + 3] == '\\' || b.p[at + 3] == 0xef)
                   ? ':'
                   : 0;
    return as_is_alnum((uint8_t)c) || as_one_of((uint8_t)c, "./@\\-_%~") ? (uint8_t)c : 0;
}

static bool may_change(as_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];

        if (c == '[' || c == '(' || c == '{' || c == 0xef)
            return true;
        if (c == ':' && i > 2 && (as_lower(b.p[i - 1]) == 'p' || as_lower(b.p[i - 1]) == 's'))
            return true;
    }
    return false;
}

static void put_mapped(as_refanged *r, as_bytes bytes, size_t at, size_t step)
{
    as_buf_add(&r->bytes, bytes);
    for (size_t i = 0; i < bytes.n; i++) {
        uint32_t from = (uint32_t)(at + i * step);

        as_buf_add(&r->map, (as_bytes){(const uint8_t *)&from, sizeof(from)});
    }
}

bool as_refang(as_bytes text, as_refanged *ret)
{
    as_refanged *r = ret;
    uint32_t end = (uint32_t)text.n;
    size_t n;

    *r = (as_refanged){.text = text};
    if (text.n >= UINT32_MAX || !may_change(text))
        return true;
    for (size_t at = 0; at < text.n; at += n) {
        uint8_t c = as_lower(text.p[at]), narrow;
        const char *to = NULL;

        n = c == '[' || c == '(' || c == '{' ? piece_at(text, at, &to)
            : c == 'h' || c == 'f'           ? scheme_at(text, at, &to)
                                             : 0;
        narrow = c == 0xef ? narrow_at(text, at) : 0;
        if (narrow) {
            n = 3;
            put_mapped(r, (as_bytes){&narrow, 1}, at, 1);
        } else if (n) {
            put_mapped(r, as_bytes_of(to), at, 1);
        } else {
            n = 1;
            put_mapped(r, (as_bytes){text.p + at, 1}, at, 1);
        }
    }
    as_buf_add(&r->map, (as_bytes){(const uint8_t *)&end, sizeof(end)});
    if (r->bytes.failed || r->map.failed)
        return false;
    r->text = as_buf_bytes(&r->bytes);
    r->at = (const uint32_t *)(const void *)r->map.p;
    return true;
}

void as_refang_done(as_refanged *r)
{
    as_buf_done(&r->bytes);
    as_buf_done(&r->map);
}
