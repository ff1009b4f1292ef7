/*
 * xml_priv - private to base: characters, names and references of XML 1.0.
 *
 * Depends on: base.  Threads: re-entrant.
 */
#ifndef AS_XML_PRIV_H
#define AS_XML_PRIV_H

#include "base/base.h"

/* Char of section 2.2. */
bool as_xml_is_char(uint32_t cp);

/* NameStartChar and NameChar of section 2.3, for code points of 128 and above. */
bool as_xml_starts_name(uint32_t cp);
bool as_xml_is_in_name(uint32_t cp);

/* Classes of ASCII bytes in names. */
#define AS_XML_NAME_START 1u
#define AS_XML_NAME       2u
extern const uint8_t as_xml_ascii[128];

/*
 * The reference that `b` begins with (its first byte is '&'): its length, and the
 * character it stands for. 0: it is none that we accept. SIZE_MAX: `b` is too short to
 * tell; with AS_XML_REFERENCE_MAX bytes it never is.
 */
#define AS_XML_REFERENCE_MAX 40
size_t as_xml_reference(as_bytes b, uint32_t *ret);

/* Length of what is plain from `at` on: characters that a checked input may hold, all ASCII. */
size_t as_xml_plain_run(const uint8_t *p, size_t n);

static inline bool as_xml_is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

#endif
