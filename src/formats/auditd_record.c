#include "formats/auditd_priv.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/*
 *     [node=host ]type=SYSCALL msg=audit(1700000000.123:456): arch=c000003e syscall=59 ...
 *     type=SYSCALL msg=audit(11/14/2023 22:13:20.123:456) : arch=x86_64 syscall=execve ...
 *
 * The second is what ausearch -i makes of the first. Behind 0x1d a record of the first kind
 * may hold the names of its numbers. In the kernel's own log it is "audit: type=1300 audit(..".
 */

static as_bytes from(as_bytes b, size_t n)
{
    return (as_bytes){b.p + n, b.n - n};
}

static as_bytes trim(as_bytes b)
{
    while (b.n && (b.p[0] == ' ' || b.p[0] == 0x1d))
        b = from(b, 1);
    while (b.n && b.p[b.n - 1] == ' ')
        b.n--;
    return b;
}

static bool begins(as_bytes b, const char *text)
{
    size_t n = strlen(text);

    return b.n >= n && !memcmp(b.p, text, n);
}

static bool is_key(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-' || c == '[' || c == ']';
}

/* The types that a kernel without auditd writes as numbers. */
static const struct {
    const char *number, *name;
} types[] = {
    {"1300", "SYSCALL"},       {"1302", "PATH"},          {"1303", "IPC"},
    {"1304", "SOCKETCALL"},    {"1305", "CONFIG_CHANGE"}, {"1306", "SOCKADDR"},
    {"1307", "CWD"},           {"1309", "EXECVE"},        {"1317", "FD_PAIR"},
    {"1318", "OBJ_PID"},       {"1319", "TTY"},           {"1320", "EOE"},
    {"1323", "MMAP"},          {"1325", "NETFILTER_CFG"}, {"1326", "SECCOMP"},
    {"1327", "PROCTITLE"},     {"1330", "KERN_MODULE"},   {"1334", "BPF"},
    {"1400", "AVC"},           {"1701", "ANOM_ABEND"},    {"1700", "ANOM_PROMISCUOUS"},
    {"1130", "SERVICE_START"}, {"1131", "SERVICE_STOP"},  {"1006", "LOGIN"},
};

static as_bytes type_name(as_bytes type)
{
    for (size_t i = 0; i < AS_COUNT(types); i++) {
        if (as_bytes_is(type, types[i].number))
            return as_bytes_of(types[i].name);
    }
    return type;
}

static as_bytes take_word(as_bytes *b)
{
    const uint8_t *end = b->n ? memchr(b->p, ' ', b->n) : NULL;
    as_bytes word = {b->p, end ? (size_t)(end - b->p) : b->n};

    *b = from(*b, word.n + (end != NULL));
    return word;
}

/* "1700000000.123:456", or a date with blanks in it before the last colon. */
static bool parse_stamp(as_bytes *b, as_audit_line *l)
{
    const uint8_t *end = b->n ? memchr(b->p, ')', b->n) : NULL;
    size_t colon;

    if (!end || (size_t)(end - b->p) > 64)
        return false;
    l->stamp = (as_bytes){b->p, (size_t)(end - b->p)};
    for (colon = l->stamp.n; colon > 0 && l->stamp.p[colon - 1] != ':'; colon--)
        ;
    if (colon < 2 || colon == l->stamp.n)
        return false;
    l->time = (as_bytes){l->stamp.p, colon - 1};
    *b = from(*b, l->stamp.n + 1);
    return true;
}

bool as_audit_parse(as_bytes line, as_audit_line *l)
{
    as_bytes b = trim(line);
    const uint8_t *kernel;

    *l = (as_audit_line){0};
    if (begins(b, "node=")) {
        l->node = from(take_word(&b), 5);
        b = trim(b);
    }
    kernel = begins(b, "type=") ? NULL : memmem(b.p, b.n, "audit: type=", 12);
    if (kernel)
        b = from(b, (size_t)(kernel - b.p) + 7);
    if (!begins(b, "type="))
        return false;
    l->type = type_name(from(take_word(&b), 5));
    b = trim(b);
    if (begins(b, "msg="))
        b = from(b, 4);
    if (!l->type.n || !begins(b, "audit("))
        return false;
    b = from(b, 6);
    if (!parse_stamp(&b, l))
        return false;
    l->told = b.n >= 2 && b.p[0] == ' ' && b.p[1] == ':';
    b = trim(b);
    if (!b.n || b.p[0] != ':')
        return false;
    l->fields = trim(from(b, 1));
    return true;
}

/* --- fields ------------------------------------------------------------------------------ */

static size_t key_length(as_bytes b)
{
    size_t n = 0;

    while (n < b.n && is_key(b.p[n]))
        n++;
    return n > 0 && n < b.n && b.p[n] == '=' ? n : 0;
}

/* Up to the next " key=", for texts of ausearch -i that have blanks in them. */
static size_t told_length(as_bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == ' ' && key_length(from(b, i + 1)))
            return i;
    }
    return b.n;
}

/* Of an address between { and }: a socket's path has 108 bytes, each at most two digits. */
#define BRACES_MAX ((size_t)512)

static size_t value_length(as_bytes b, bool told)
{
    const uint8_t *end;
    size_t most = b.n;
    char close = '\0';

    if (b.n && b.p[0] == '"')
        close = '"';
    else if (b.n && b.p[0] == '\'')
        close = '\'';
    else if (b.n && b.p[0] == '{')
        close = '}';
    /* The quote that another value begins with ends this one; of braces none need ever come. */
    if (close == '}' && most > BRACES_MAX)
        most = BRACES_MAX;
    end = close && most > 1 ? memchr(b.p + 1, close, most - 1) : NULL;
    if (end)
        return (size_t)(end - b.p) + 1;
    if (told)
        return told_length(b);
    end = NULL;
    for (size_t i = 0; i < b.n && !end; i++) {
        if (b.p[i] == ' ' || b.p[i] == 0x1d)
            end = b.p + i;
    }
    return end ? (size_t)(end - b.p) : b.n;
}

bool as_audit_next(as_bytes *fields, bool told, as_bytes *ret_key, as_bytes *ret_value)
{
    as_bytes b = trim(*fields);

    while (b.n) {
        size_t n = key_length(b), k;

        if (!n) { /* a word of a message: "avc:  denied" */
            (void)take_word(&b);
            b = trim(b);
            continue;
        }
        *ret_key = (as_bytes){b.p, n};
        b = from(b, n + 1);
        k = value_length(b, told);
        *ret_value = trim((as_bytes){b.p, k});
        b = from(b, k);
        while (b.n && (b.p[0] == ',' || b.p[0] == '\''))
            b = from(b, 1);
        *fields = b;
        return true;
    }
    *fields = b;
    return false;
}

static bool is_nothing(as_bytes value)
{
    static const char *const none[] = {"(null)", "(none)", "?", "\"\"", "(unknown)", "\"?\""};

    for (size_t i = 0; i < AS_COUNT(none); i++) {
        if (as_bytes_is(value, none[i]))
            return true;
    }
    return !value.n;
}

as_bytes as_audit_field(as_bytes fields, bool told, const char *key)
{
    as_bytes name, value;

    while (as_audit_next(&fields, told, &name, &value)) {
        if (as_bytes_is(name, key))
            return is_nothing(value) ? (as_bytes){0} : value;
    }
    return (as_bytes){0};
}

static unsigned hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - (unsigned)'0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10u : 16u;
}

/* Fields whose text a program chose: in quotes, or in hexadecimal if it has odd bytes in it. */
static bool is_free_text(as_bytes key)
{
    static const char *const keys[] = {"acct",      "cmd",  "comm",  "cwd",  "data",
                                       "dir",       "exe",  "file",  "key",  "name",
                                       "proctitle", "path", "ocomm", "watch"};

    /* a0, a1[2] of EXECVE: registers of a system call are no longer than 16 digits */
    if (key.n >= 2 && key.p[0] == 'a' && key.p[1] >= '0' && key.p[1] <= '9')
        return true;
    for (size_t i = 0; i < AS_COUNT(keys); i++) {
        if (as_bytes_is(key, keys[i]))
            return true;
    }
    return false;
}

void as_audit_text(as_bytes key, as_bytes value, bool told, as_buf *out)
{
    bool is_hex = !told && value.n >= 2 && value.n % 2 == 0 && is_free_text(key);

    if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
        as_buf_add(out, (as_bytes){value.p + 1, value.n - 2});
        return;
    }
    for (size_t i = 0; i < value.n && is_hex; i++)
        is_hex = hex(value.p[i]) < 16;
    if (!is_hex) {
        as_buf_add(out, value);
        return;
    }
    while (value.n >= 2 && value.p[value.n - 2] == '0' && value.p[value.n - 1] == '0')
        value.n -= 2;
    for (size_t i = 0; i + 1 < value.n; i += 2) {
        uint8_t byte = (uint8_t)(hex(value.p[i]) << 4 | hex(value.p[i + 1]));

        as_buf_byte(out, byte ? byte : ' ');
    }
}

/* --- addresses ------------------------------------------------------------------------------ */

/* { saddr_fam=inet laddr=192.0.2.1 lport=80 }; older: { fam=inet laddr=.. } or inet host:.. */
static bool told_address(as_bytes b, as_audit_address *ret)
{
    as_bytes inner = b.n >= 2 ? (as_bytes){b.p + 1, b.n - 2} : b;
    as_bytes ip = as_audit_field(inner, true, "laddr");
    as_bytes port = as_audit_field(inner, true, "lport");
    as_bytes path = as_audit_field(inner, true, "path");
    uint64_t n;

    if (ip.n && ip.n < sizeof(ret->ip)) {
        memcpy(ret->ip, ip.p, ip.n);
        ret->ip_n = ip.n;
    }
    if (as_bytes_u64(port, &n) && n <= 65535) {
        ret->port = (uint32_t)n;
        ret->has_port = true;
    }
    ret->path = path;
    return ret->ip_n || path.n;
}

#define FAMILY_UNIX  1u
#define FAMILY_INET  2u
#define FAMILY_INET6 10u

/* The bytes of a sockaddr; its family as the machine wrote it, little end first. */
static bool raw_address(as_bytes b, as_audit_address *ret)
{
    unsigned family = b.n >= 2 ? (unsigned)b.p[0] | (unsigned)b.p[1] << 8 : 0;
    const char *text = NULL;

    if (family == FAMILY_INET && b.n >= 8)
        text = inet_ntop(AF_INET, b.p + 4, (char *)ret->ip, sizeof(ret->ip));
    else if (family == FAMILY_INET6 && b.n >= 24)
        text = inet_ntop(AF_INET6, b.p + 8, (char *)ret->ip, sizeof(ret->ip));
    if (text) {
        ret->ip_n = strlen(text);
        ret->port = (uint32_t)b.p[2] << 8 | b.p[3];
        ret->has_port = true;
        return true;
    }
    if (family != FAMILY_UNIX || b.n < 3)
        return false;
    ret->path = from(b, b.p[2] ? 2 : 3); /* an abstract name begins with NUL */
    for (size_t i = 0; i < ret->path.n; i++) {
        if (!ret->path.p[i])
            ret->path.n = i;
    }
    return ret->path.n > 0;
}

bool as_audit_address_of(as_bytes saddr, bool told, as_buf *buf, as_audit_address *ret)
{
    *ret = (as_audit_address){0};
    if (told && saddr.n && saddr.p[0] == '{')
        return told_address(saddr, ret);
    as_buf_reset(buf);
    for (size_t i = 0; i + 1 < saddr.n; i += 2) {
        if (hex(saddr.p[i]) > 15 || hex(saddr.p[i + 1]) > 15)
            return false;
        as_buf_byte(buf, (uint8_t)(hex(saddr.p[i]) << 4 | hex(saddr.p[i + 1])));
    }
    return !buf->failed && raw_address(as_buf_bytes(buf), ret);
}
