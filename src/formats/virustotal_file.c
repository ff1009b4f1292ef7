#include "formats/virustotal_priv.h"

#include "base/banned.h"

/*
 * Attributes of a file object of VirusTotal's API v3: what the service and its partners
 * know of one file without a run of their own in hand. Written from the documentation.
 */

/* --- hooks -------------------------------------------------------------------------------------
 */

#define SOME_HOOK(name, part, attr)                                                                \
    static as_code name(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)   \
    {                                                                                              \
        (void)fact;                                                                                \
        return as_entry_some(w, place, &as_vt_of(w)->object->entry, AS_ENTRY_##part,               \
                             AS_ATTR_##attr, t, err);                                              \
    }
SOME_HOOK(read_names, SAMPLE, NAME)
SOME_HOOK(read_categories, SAMPLE, CATEGORY)

/* One number of engines by their verdict: "malicious" is what others call positives. */
static as_code read_stat(as_walk *w, as_place *place, as_step key, as_json_tok *t, as_err *err)
{
    as_draft *d = &as_vt_of(w)->object->entry.draft[AS_ENTRY_MORE];
    as_bytes name = as_facts_text(w->facts, key & ~AS_STEP_KEY), text = {0};
    as_form form = t->type == AS_JSON_NUMBER ? AS_FORM_NUMBER : AS_FORM_TEXT;
    as_code rc;

    if ((t->type != AS_JSON_NUMBER && t->type != AS_JSON_STRING) ||
        d->n_attrs + 2 > AS_DRAFT_ATTRS || !name.n)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (rc || !text.n)
        return rc;
    if (as_bytes_is(name, "malicious")) {
        rc = as_draft_text(d, w->facts, AS_ATTR_POSITIVES, form, text);
    } else {
        rc = as_draft_text(d, w->facts, AS_ATTR_FIELD, AS_FORM_TEXT, name);
        if (!rc)
            rc = as_draft_text(d, w->facts, AS_ATTR_FIELD_VALUE, form, text);
    }
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_code read_stats(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct as_vt_object *o = as_vt_of(w)->object;

    (void)fact;
    if (t->type != AS_JSON_OBJECT || o->stats_at.end)
        return as_walk_pass(w, place, t, false, err);
    for (;;) {
        as_place child = {.up = place};
        as_code rc = as_walk_next(w, t, err);

        if (rc)
            return rc;
        if (t->type == AS_JSON_OBJECT_END)
            return as_walk_evidence(w, place, t->end, &o->stats_at, err);
        rc = as_walk_key(w, t, &child.step, err);
        if (!rc)
            rc = as_walk_next(w, t, err);
        if (rc)
            return rc;
        child.begin = t->begin;
        rc = read_stat(w, &child, child.step, t, err);
        if (rc)
            return rc;
    }
}

static as_code read_scan_date(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                              as_err *err)
{
    struct as_vt_object *o = as_vt_of(w)->object;
    as_draft *d = &o->entry.draft[AS_ENTRY_MORE];
    as_form form = t->type == AS_JSON_NUMBER ? AS_FORM_NUMBER : AS_FORM_TEXT;
    as_bytes text = {0};
    as_code rc;

    (void)fact;
    if ((t->type != AS_JSON_NUMBER && t->type != AS_JSON_STRING) || o->date_at.end ||
        d->n_attrs == AS_DRAFT_ATTRS)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (rc || !text.n)
        return rc;
    rc = as_draft_text(d, w->facts, AS_ATTR_TIME, form, text);
    if (rc)
        return as_walk_facts_failed(w, rc, err);
    return as_walk_evidence(w, place, t->end, &o->date_at, err);
}

/* clang-format off */

/* --- antivirus ------------------------------------------------------------------------------- */

LOCAL_SHAPE(engine,
    ATTR("", RESULT),
    ATTR("category", VERDICT),
    ATTR("result", RESULT),
    ATTR("method", METHOD),
    ATTR("engine_version", VERSION),
    ATTR("engine_update", TIME),
    SKIP("engine_name"), /* the key once more */
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(engines, OTHER_FACT(ENGINE, ANTIVIRUS, engine));

SHAPE(vt_antivirus,
    HOOK("last_analysis_stats", read_stats),
    HOOK("last_analysis_date", read_scan_date),
    INTO("last_analysis_results", engines));

/* Labels made of the engines' names for it, and in how many of these each part stands. */
LOCAL_SHAPE(label_part, ATTR("", VALUE), ATTR("value", VALUE), ATTR("count", COUNT),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(threat_label,
    ATTR("", FAMILY),
    ATTR("suggested_threat_label", FAMILY),
    KEYED_FACT("popular_threat_name", NAME, MARK, label_part),
    KEYED_FACT("popular_threat_category", NAME, MARK, label_part),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(sandbox_verdict,
    ATTR("", VERDICT),
    ATTR("category", VERDICT),
    ATTR("malware_classification", CLASS),
    ATTR("malware_names", FAMILY),
    ATTR("confidence", CONFIDENCE),
    SKIP("sandbox_name"), /* the key once more */
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(sandbox_verdicts, OTHER_FACT(ENVIRONMENT, SANDBOX_VERDICT, sandbox_verdict));

/* --- rules that matched ------------------------------------------------------------------------ */

LOCAL_SHAPE(crowd_yara,
    ATTR("", RULE),
    ATTR("rule_name", RULE),
    ATTR("ruleset_name", NAMESPACE),
    ATTR("author", AUTHOR),
    ATTR("description", DESCRIPTION),
    ATTR("source", SOURCE),
    ATTR("match_date", TIME),
    OTHER_LEAVES(YARA_META));

SHAPE(vt_sigma,
    ATTR("", TITLE),
    ATTR("rule_title", TITLE),
    ATTR("rule_level", LEVEL),
    ATTR("rule_id", ID),
    ATTR("rule_source", SOURCE),
    ATTR("rule_author", AUTHOR),
    ATTR("rule_description", DESCRIPTION),
    LEAVES("match_context", MARK), /* fields of the events that it matched */
    OTHER_LEAVES(DETAIL));

/* One alert in several places of the traffic. */
LOCAL_SHAPE(ids_context,
    ATTR("proto", PROTOCOL),
    ATTR("protocol", PROTOCOL),
    ATTR("src_ip", SRC),
    ATTR("src_port", SPORT),
    ATTR("dest_ip", DST),
    ATTR("dest_port", DPORT),
    ATTR("hostname", HOSTNAME),
    ATTR("url", URL),
    ATTR("ja3", JA3),
    ATTR("ja3s", JA3S),
    OTHER_LEAVES(NETWORK_DETAIL));
SHAPE(vt_ids,
    ATTR("", SIGNATURE),
    ATTR("rule_msg", SIGNATURE),
    ATTR("rule_category", CATEGORY),
    ATTR("alert_severity", LEVEL),
    ATTR("rule_id", SID),
    ATTR("rule_source", SOURCE),
    ATTR("rule_url", URL),
    ATTR("rule_references", REFERENCE),
    ATTR("rule_raw", RULE),
    ATTR("tags", TAG),
    FACT("alert_context", CONNECTION, ids_context),
    OTHER_LEAVES(NETWORK_DETAIL));

SHAPE(vt_mbc,
    ATTR("", ID),
    ATTR("id", ID),
    ATTR("objective", TACTIC),
    ATTR("behavior", NAME),
    ATTR("method", METHOD),
    OTHER_LEAVES(DETAIL));

SHAPE(vt_technique,
    ATTR("", TECHNIQUE),
    ATTR("id", TECHNIQUE),
    ATTR("signature_description", DESCRIPTION),
    ATTR("description", DESCRIPTION),
    ATTR("severity", LEVEL),
    OTHER_LEAVES(DETAIL));

/* --- PE ---------------------------------------------------------------------------------------- */

LOCAL_SHAPE(section,
    ATTR("name", NAME),
    ATTR("virtual_address", VIRTUAL_ADDRESS),
    ATTR("virtual_size", VIRTUAL_SIZE),
    ATTR("raw_size", RAW_SIZE),
    ATTR("entropy", ENTROPY),
    ATTR("flags", CHARACTERISTICS),
    ATTR("md5", MD5),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(function, ATTR("", NAME), ATTR("name", NAME), ATTR("address", ADDRESS),
    ATTR("ordinal", ORDINAL), OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(imports,
    ATTR("", DLL),
    ATTR("library_name", DLL),
    FACT("imported_functions", PE_IMPORT, function),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(resource,
    ATTR("type", NAME),
    ATTR("lang", LANGUAGE),
    ATTR("filetype", TYPE),
    ATTR("size", RAW_SIZE),
    ATTR("entropy", ENTROPY),
    ATTR("sha256", SHA256),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(overlay,
    ATTR("offset", OFFSET),
    ATTR("size", RAW_SIZE),
    ATTR("filetype", TYPE),
    ATTR("entropy", ENTROPY),
    ATTR("md5", MD5),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(codeview, ATTR("name", PDB_PATH), OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(debug, INTO("codeview", codeview), OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(pe,
    ATTR("imphash", IMPHASH),
    ATTR("timestamp", COMPILED),
    ATTR("entry_point", ENTRYPOINT),
    ATTR("machine_type", ARCH),
    ATTR("rich_pe_header_hash", RH_HASH),
    FACT("sections", PE_SECTION, section),
    FACT("import_list", PE_IMPORT, imports),
    FACT("exports", PE_EXPORT, function),
    FACT("resource_details", PE_RESOURCE, resource),
    FACT("overlay", PE_OVERLAY, overlay),
    INTO("debug", debug),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(certificate,
    ATTR("", SUBJECT),
    ATTR("name", SUBJECT),
    ATTR("cert issuer", ISSUER),
    ATTR("serial number", SERIAL),
    ATTR("valid from", NOT_BEFORE),
    ATTR("valid to", NOT_AFTER),
    ATTR("thumbprint", FINGERPRINT),
    ATTR("status", STATUS),
    OTHER_LEAVES(CERTIFICATE_FIELD));

/* The names in the version information stand beside the signers. */
LOCAL_SHAPE(signature_info,
    FACT("signers details", CERTIFICATE, certificate),
    KEYED_FACT("counter signers details", CATEGORY, CERTIFICATE, certificate),
    KEYED_FACT("x509", CATEGORY, CERTIFICATE, certificate),
    LEAVES("product", PE_VERSION),
    LEAVES("description", PE_VERSION),
    LEAVES("copyright", PE_VERSION),
    LEAVES("comments", PE_VERSION),
    LEAVES("original name", PE_VERSION),
    LEAVES("internal name", PE_VERSION),
    LEAVES("file version", PE_VERSION),
    OTHER_LEAVES(STATIC_DETAIL));

/* --- what tools say that know file types ------------------------------------------------------- */

LOCAL_SHAPE(trid, ATTR("", VALUE), ATTR("file_type", VALUE), ATTR("probability", SCORE),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(die_value,
    ATTR("type", NAME),
    ATTR("name", VALUE),
    ATTR("version", VERSION),
    ATTR("info", DESCRIPTION),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(die, FACT("values", STATIC_DETAIL, die_value), OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(icon, ATTR("dhash", ICON_HASH), OTHER_LEAVES(STATIC_DETAIL));

/* --- the file ---------------------------------------------------------------------------------- */

#define PLAIN(key) LEAVES(key, STATIC_DETAIL)

SHAPE(vt_file,
    ATTR("meaningful_name", NAME),
    HOOK("names", read_names),
    ATTR("size", SIZE),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("ssdeep", SSDEEP),
    ATTR("tlsh", TLSH),
    ATTR("vhash", VHASH),
    ATTR("authentihash", AUTHENTIHASH),
    ATTR("type_description", TYPE),
    ATTR("magic", TYPE),
    HOOK("type_tag", read_categories),
    HOOK("type_tags", read_categories),
    INTO("main_icon", icon),
    ATTR("creation_date", COMPILED),
    ATTR("first_submission_date", FIRST_SEEN),
    ATTR("last_submission_date", LAST_SEEN),
    ATTR("threat_verdict", VERDICT),
    FACT("popular_threat_classification", FAMILY, threat_label),
    INTO("sandbox_verdicts", sandbox_verdicts),
    FACT("crowdsourced_yara_results", YARA, crowd_yara),
    FACT("crowdsourced_ids_results", IDS_ALERT, vt_ids),
    FACT("pe_info", PE, pe),
    INTO("signature_info", signature_info),
    KEYED_FACT("trid", NAME, STATIC_DETAIL, trid),
    INTO("detectiteasy", die),
    LEAVES("malware_config", CONFIG),
    /* Counts and votes of the service, and what it says in prose. */
    LEAVES("reputation", DETAIL), LEAVES("total_votes", DETAIL),
    LEAVES("times_submitted", DETAIL), LEAVES("unique_sources", DETAIL),
    LEAVES("first_seen_itw_date", DETAIL), LEAVES("last_seen_itw_date", DETAIL),
    LEAVES("downloadable", DETAIL), LEAVES("available_tools", DETAIL),
    LEAVES("capabilities_tags", DETAIL), LEAVES("known_distributors", DETAIL),
    LEAVES("threat_severity", DETAIL), LEAVES("gti_assessment", DETAIL),
    LEAVES("sigma_analysis_stats", DETAIL), LEAVES("sigma_analysis_summary", DETAIL),
    LEAVES("crowdsourced_ids_stats", DETAIL), LEAVES("crowdsourced_ai_results", DETAIL),
    LEAVES("autostart_locations", DETAIL), LEAVES("network_infrastructure", DETAIL),
    /* One object for each kind of file. */
    PLAIN("type_extension"), PLAIN("exiftool"), PLAIN("packers"), PLAIN("magika"),
    PLAIN("permhash"), PLAIN("dot_net_guids"), PLAIN("dot_net_assembly"), PLAIN("androguard"),
    PLAIN("asf_info"), PLAIN("bundle_info"), PLAIN("class_info"), PLAIN("deb_info"),
    PLAIN("dmg_info"), PLAIN("elf_info"), PLAIN("html_info"), PLAIN("image_code_injections"),
    PLAIN("ipa_info"), PLAIN("isoimage_info"), PLAIN("jar_info"), PLAIN("javascript_info"),
    PLAIN("lnk_info"), PLAIN("macho_info"), PLAIN("office_info"), PLAIN("onenote_info"),
    PLAIN("openxml_info"), PLAIN("pdf_info"), PLAIN("powershell_info"), PLAIN("rombios_info"),
    PLAIN("rtf_info"), PLAIN("swf_info"), PLAIN("vba_info"), PLAIN("filecondis"),
    PLAIN("picklescan"), PLAIN("saferpickle"), PLAIN("antiy_info"), PLAIN("nsrl_info"),
    PLAIN("traffic_inspection"), PLAIN("snort"), PLAIN("suricata"), PLAIN("wireshark"),
    PLAIN("symhash"), PLAIN("telfhash"));
