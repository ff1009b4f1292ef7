#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * MalwareBazaar's answer to get_info: what the archive and its partners know of one
 * sample. Written from the documentation of the interface. Its `signature` is the
 * family that whoever sent the sample named.
 */

/* clang-format off */

LOCAL_SHAPE(family, ATTR("", FAMILY));
LOCAL_SHAPE(name, ATTR("", NAME), OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(certificate,
    ATTR("subject_cn", SUBJECT),
    ATTR("issuer_cn", ISSUER),
    ATTR("serial_number", SERIAL),
    ATTR("valid_from", NOT_BEFORE),
    ATTR("valid_to", NOT_AFTER),
    ATTR("thumbprint", FINGERPRINT),
    OTHER_LEAVES(CERTIFICATE_FIELD));

LOCAL_SHAPE(yara_rule,
    ATTR("", RULE),
    ATTR("rule_name", RULE),
    ATTR("author", AUTHOR),
    ATTR("description", DESCRIPTION),
    ATTR("reference", REFERENCE),
    OTHER_LEAVES(YARA_META));

LOCAL_SHAPE(file_information,
    ATTR("context", NAME),
    ATTR("value", VALUE),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(intelligence, FACT("clamav", CLAMAV, name), OTHER_LEAVES(STATIC_DETAIL));

/* Every partner has fields of its own. */
LOCAL_SHAPE(vendor,
    ATTR("", RESULT),
    ATTR("detection", RESULT),
    ATTR("detections", RESULT),
    ATTR("malware_family", FAMILY),
    ATTR("family_name", FAMILY),
    ATTR("threat_name", RESULT),
    ATTR("verdict", STATUS),
    ATTR("status", STATUS),
    ATTR("score", SCORE),
    ATTR("first_seen", FIRST_SEEN),
    ATTR("date", TIME),
    ATTR("link", URL),
    ATTR("url", URL),
    ATTR("analysis_url", URL),
    ATTR("report_link", URL),
    ATTR("tags", TAG),
    ATTR("scanner_match", POSITIVES),
    ATTR("scanner_count", TOTAL),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(vendors, OTHER_FACT(ENGINE, ANTIVIRUS, vendor));

LOCAL_SHAPE(entry,
    ATTR("file_name", NAME),
    ATTR("file_size", SIZE),
    ATTR("file_type_mime", TYPE),
    ATTR("file_type", CATEGORY),
    ATTR("md5_hash", MD5),
    ATTR("sha1_hash", SHA1),
    ATTR("sha256_hash", SHA256),
    ATTR("sha3_384_hash", SHA3_384),
    ATTR("imphash", IMPHASH),
    ATTR("tlsh", TLSH),
    ATTR("ssdeep", SSDEEP),
    ATTR("dhash_icon", ICON_HASH),
    ATTR("first_seen", FIRST_SEEN),
    ATTR("last_seen", LAST_SEEN),
    ATTR("reporter", AUTHOR),
    ATTR("origin_country", COUNTRY),
    ATTR("delivery_method", METHOD),
    ATTR("tags", TAG),
    FACT("signature", FAMILY, family),
    FACT("code_sign", CERTIFICATE, certificate),
    FACT("yara_rules", YARA, yara_rule),
    FACT("file_information", STATIC_DETAIL, file_information),
    INTO("intelligence", intelligence),
    INTO("vendor_intel", vendors),
    LEAVES("comments", DETAIL),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(answer, ATTR("", STATUS));
LOCAL_SHAPE(document,
    FACT("query_status", ANALYSIS, answer),
    FACT("data", SAMPLE, entry),
    OTHER_LEAVES(DETAIL));

/* clang-format on */

static as_code read_bazaar(as_walk *w, as_err *err)
{
    as_analysis *a = w->analysis;
    as_code rc = as_walk_document(w, &as_shape_document, NULL, NULL, err);
    uint32_t answer;

    if (rc)
        return rc;
    answer = as_facts_first(w->facts, AS_KIND_ANALYSIS);
    if (answer == AS_NO_FACT)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not an answer of MalwareBazaar: no 'query_status'");
    if (!as_bytes_is(as_fact_text(w->facts, as_facts_get(w->facts, answer), AS_ATTR_STATUS), "ok"))
        a->gaps |= AS_GAP_STATUS;
    a->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    a->tool = "MalwareBazaar";
    return AS_OK;
}

static as_sure probe_bazaar(const as_head *h)
{
    if (h->root != AS_JSON_OBJECT || !as_head_has(h, "query_status"))
        return AS_SURE_NO;
    if (as_head_has(h, "data/*/sha256_hash") || strcmp(as_head_text(h, "query_status"), "ok") != 0)
        return AS_SURE_YES;
    return AS_SURE_MAYBE;
}

const as_reader as_reader_bazaar = {
    .about = {.id = "malwarebazaar",
              .name = "MalwareBazaar",
              .versions = "get_info of API v1",
              .maps = "sample with hashes and file data, family, certificates, YARA rules, results "
                      "of vendors, comments",
              .seen = false},
    .probe = probe_bazaar,
    .read = read_bazaar,
};
