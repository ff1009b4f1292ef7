#include "formats/virustotal_priv.h"

#include "base/banned.h"

/* clang-format off */

/*
 * Attributes of a behaviour report of VirusTotal's API v3: one run in one sandbox, or,
 * merged by VirusTotal, the runs in all of them. Paths hold placeholders such as
 * %SAMPLEPATH% and <USER>, which stay as they are. Which process did what is mostly not told.
 */

LOCAL_SHAPE(path, ATTR("", PATH), ATTR("path", PATH), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(named, ATTR("", NAME), ATTR("name", NAME), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(command, ATTR("", COMMAND), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(service, ATTR("", SERVICE), ATTR("name", SERVICE), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(key, ATTR("", KEY), ATTR("key", KEY), ATTR("value", VALUE), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(ended, ATTR("", PROCESS_PATH), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(injected, ATTR("", TARGET_PATH), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(copied, ATTR("", FROM), ATTR("source", FROM), ATTR("destination", TO),
    OTHER_LEAVES(DETAIL));

/* What there is no kind for, listed by the key it stands under. */
LOCAL_SHAPE(item,
    ATTR("", VALUE),
    ATTR("value", VALUE),
    ATTR("key", NAME),
    ATTR("name", NAME),
    ATTR("permission", VALUE),
    ATTR("owner", USER),
    ATTR("destination", NAME),
    ATTR("body", VALUE),
    OTHER_LEAVES(DETAIL));
#define LISTED(key) KEYED_FACT(key, CATEGORY, SUMMARY_ITEM, item)

LOCAL_SHAPE(dropped,
    ATTR("", PATH),
    ATTR("path", PATH),
    ATTR("sha256", SHA256),
    ATTR("type", TYPE),
    ATTR("download_url", URL),
    ATTR("process_name", PROCESS_NAME),
    ATTR("process_id", PID),
    OTHER_LEAVES(STATIC_DETAIL));

static const as_shape as_shape_process;
/* In the tree, with children; or in the list, with the number of the parent. */
static const as_row process_rows[] = {
    ATTR("", NAME),
    ATTR("process_id", PID),
    ATTR("parent_process_id", PPID),
    ATTR("name", NAME),
    ATTR("start_time", FIRST_SEEN),
    ATTR("termination_time", ENDED),
    FACT("children", PROCESS, process),
    FACT("files_opened", FILE_OPENED, path),
    FACT("files_written", FILE_WRITTEN, path),
    FACT("files_deleted", FILE_DELETED, path),
    FACT("files_copied", FILE_COPIED, copied),
    OTHER_LEAVES(DETAIL),
};
static const as_shape as_shape_process = { process_rows, AS_COUNT(process_rows) };

LOCAL_SHAPE(memory_dump,
    ATTR("", NAME),
    ATTR("file_name", NAME),
    ATTR("process", PROCESS_NAME),
    ATTR("process_id", PID),
    ATTR("base_address", ADDRESS),
    ATTR("size", SIZE),
    OTHER_LEAVES(DETAIL));

/* --- network ------------------------------------------------------------------------------------ */

LOCAL_SHAPE(answer, ATTR("", ANSWER));
LOCAL_SHAPE(dns,
    ATTR("", REQUEST),
    ATTR("hostname", REQUEST),
    FACT("resolved_ips", DNS_ANSWER, answer),
    KEYED_FACT("txt_records", TYPE, DNS_ANSWER, answer),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(connection,
    ATTR("", DST),
    ATTR("destination_ip", DST),
    ATTR("destination_port", DPORT),
    ATTR("transport_layer_protocol", PROTOCOL),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(request_headers,
    ATTR("Host", HOSTNAME),
    ATTR("User-Agent", USER_AGENT),
    ATTR("Referer", REFERRER),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(http,
    ATTR("", URL),
    ATTR("url", URL),
    ATTR("request_method", METHOD),
    ATTR("response_status_code", STATUS),
    ATTR("response_body_filetype", TYPE),
    ATTR("response_body_first_ten_bytes", BODY),
    INTO("request_headers", request_headers),
    LEAVES("response_headers", NETWORK_DETAIL),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(subject, ATTR("", SUBJECT), ATTR("CN", SUBJECT), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(issuer, ATTR("", ISSUER), ATTR("CN", ISSUER), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(tls,
    ATTR("", SNI),
    ATTR("sni", SNI),
    ATTR("version", VERSION),
    ATTR("serial_number", SERIAL),
    ATTR("thumbprint", FINGERPRINT),
    ATTR("ja3", JA3),
    ATTR("ja3s", JA3S),
    INTO("subject", subject),
    INTO("issuer", issuer),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(ja3, ATTR("", JA3), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(attachment,
    ATTR("", NAME),
    ATTR("path", NAME),
    ATTR("sha256", SHA256),
    ATTR("type", TYPE),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(smtp,
    ATTR("hostname", HOSTNAME),
    ATTR("destination_ip", DST),
    ATTR("destination_port", DPORT),
    ATTR("smtp_from", FROM),
    ATTR("smtp_to", TO),
    ATTR("subject", TITLE),
    ATTR("txt_body", CONTENT),
    ATTR("timestamp", TIME),
    ATTR("auth_user", USER),
    FACT("attachments", NETWORK_FILE, attachment),
    OTHER_LEAVES(NETWORK_DETAIL));

/* --- rules that matched --------------------------------------------------------------------------- */

LOCAL_SHAPE(match, ATTR("", VALUE), OTHER_LEAVES(MARK));
LOCAL_SHAPE(signature,
    ATTR("", NAME),
    ATTR("name", NAME),
    ATTR("description", DESCRIPTION),
    ATTR("id", ID),
    ATTR("format", TYPE),
    ATTR("severity", LEVEL),
    ATTR("authors", AUTHOR),
    FACT("match_data", MARK, match),
    FACT("events", MARK, match),
    ATTR("rule_src", RULE),
    OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(techniques, OTHER_FACT(TECHNIQUE, TECHNIQUE, vt_technique));

/* --- the run ------------------------------------------------------------------------------------- */

SHAPE(vt_run,
    ATTR("sandbox_name", ENVIRONMENT),
    ATTR("analysis_date", TIME),
    ATTR("verdicts", VERDICT),
    ATTR("verdict_confidence", CONFIDENCE),
    ATTR("verdict_labels", TAG),
    LEAVES("behash", DETAIL), LEAVES("has_html_report", DETAIL), LEAVES("has_pcap", DETAIL),
    LEAVES("has_evtx", DETAIL), LEAVES("has_memdump", DETAIL), LEAVES("hosts_file", DETAIL),

    FACT("processes_tree", PROCESS, process),
    FACT("processes_list", PROCESS, process),
    FACT("processes_created", COMMAND, command),
    FACT("command_executions", COMMAND, command),
    FACT("processes_terminated", PROCESS_ENDED, ended),
    KEYED_FACT("processes_killed", OPERATION, PROCESS_ENDED, ended),
    FACT("processes_injected", INJECTION, injected),
    FACT("modules_loaded", MODULE, path),

    FACT("files_opened", FILE_OPENED, path),
    FACT("files_written", FILE_WRITTEN, path),
    FACT("files_deleted", FILE_DELETED, path),
    FACT("files_copied", FILE_COPIED, copied),
    FACT("files_dropped", DROPPED, dropped),
    LISTED("files_attribute_changed"),

    FACT("registry_keys_opened", KEY_OPENED, key),
    FACT("registry_keys_set", KEY_WRITTEN, key),
    FACT("registry_keys_deleted", KEY_DELETED, key),

    FACT("services_created", SERVICE_CREATED, service),
    FACT("services_started", SERVICE_STARTED, service),
    LISTED("services_opened"), LISTED("services_stopped"), LISTED("services_deleted"),
    LISTED("services_bound"),
    FACT("mutexes_created", MUTEX, named),
    FACT("mutexes_opened", MUTEX, named),

    FACT("dns_lookups", DNS, dns),
    FACT("ip_traffic", CONNECTION, connection),
    FACT("http_conversations", HTTP, http),
    FACT("tls", TLS, tls),
    FACT("ja3_digests", NETWORK_FINGERPRINT, ja3),
    FACT("smtp_conversations", SMTP, smtp),
    FACT("ids_alerts", IDS_ALERT, vt_ids),
    FACT("ids_results", IDS_ALERT, vt_ids),

    FACT("mitre_attack_techniques", TECHNIQUE, vt_technique),
    INTO("attack_techniques", techniques),
    FACT("mbc", MBC, vt_mbc),
    FACT("signature_matches", SIGNATURE, signature),

    FACT("memory_dumps", MEMORY_DUMP, memory_dump),
    LISTED("memory_pattern_ips"), LISTED("memory_pattern_domains"), LISTED("memory_pattern_urls"),

    LISTED("calls_highlighted"), LISTED("text_highlighted"), LISTED("text_decoded"),
    LISTED("crypto_algorithms_observed"), LISTED("crypto_keys"), LISTED("crypto_plain_text"),
    LISTED("encoding_algorithms_observed"), LISTED("windows_searched"), LISTED("windows_hidden"),
    LISTED("permissions_checked"), LISTED("permissions_requested"), LISTED("signals_observed"),
    LISTED("signals_hooked"), LISTED("invokes"), LISTED("databases_opened"),
    LISTED("databases_deleted"), LISTED("system_property_lookups"),
    LISTED("system_property_sets"), LISTED("shared_preferences_lookups"),
    LISTED("shared_preferences_sets"), LISTED("content_model_observers"),
    LISTED("content_model_sets"), LISTED("activities_started"), LISTED("sms_sent"));
