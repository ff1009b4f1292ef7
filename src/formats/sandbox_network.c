#include "formats/formats_priv.h"

#include "base/banned.h"

/* clang-format off */

/* Traffic as the sandbox dissected it, and as Suricata saw it. */

SHAPE(host,
    ATTR("", IP),
    ATTR("ip", IP),
    ATTR("country_name", COUNTRY),
    ATTR("hostname", HOSTNAME),
    ATTR("inaddrarpa", REVERSE),
    ATTR("alive", STATUS),
    OTHER_LEAVES(NETWORK_DETAIL));

SHAPE(domain,
    ATTR("", DOMAIN),
    ATTR("domain", DOMAIN),
    ATTR("ip", IP),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(dns_answer,
    ATTR("data", ANSWER),
    ATTR("rdata", ANSWER),
    ATTR("type", TYPE),
    ATTR("rrtype", TYPE),
    ATTR("rrname", REQUEST),
    ATTR("ttl", TTL),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(dns,
    ATTR("request", REQUEST),
    ATTR("type", TYPE),
    FACT("answers", DNS_ANSWER, dns_answer),
    ATTR("time", TIME),
    ATTR("first_seen", FIRST_SEEN),
    OTHER_LEAVES(NETWORK_DETAIL));

/* The addresses and times of a flow, under the names of CAPE, of Suricata EVE and of Cuckoo's
 * own Suricata and fingerprint modules. */
#define FLOW                                                                                  \
    ATTR("src", SRC), ATTR("sport", SPORT), ATTR("dst", DST), ATTR("dport", DPORT),           \
    ATTR("srcip", SRC), ATTR("srcport", SPORT), ATTR("dstip", DST), ATTR("dstport", DPORT),   \
    ATTR("src_ip", SRC), ATTR("src_port", SPORT), ATTR("dest_ip", DST),                       \
    ATTR("dest_port", DPORT), ATTR("time", TIME), ATTR("timestamp", TIME),                    \
    ATTR("proto", PROTOCOL), ATTR("protocol", PROTOCOL), ATTR("pid", PID), ATTR("ppid", PPID), \
    ATTR("process_name", PROCESS_NAME), ATTR("process_path", PROCESS_PATH),                   \
    ATTR("proc_name", PROCESS_NAME), ATTR("proc_path", PROCESS_PATH)

LOCAL_SHAPE(connection,
    FLOW,
    ATTR("offset", OFFSET),
    OTHER_LEAVES(NETWORK_DETAIL));

#define HTTP                                                                                  \
    FLOW, ATTR("method", METHOD), ATTR("http_method", METHOD), ATTR("host", HOSTNAME),        \
    ATTR("hostname", HOSTNAME), ATTR("port", DPORT), ATTR("data", REQUEST),                   \
    ATTR("request", REQUEST), ATTR("response", RESPONSE), ATTR("body", BODY),                 \
    ATTR("status", STATUS), ATTR("version", VERSION), ATTR("user-agent", USER_AGENT),         \
    ATTR("ua", USER_AGENT), ATTR("http_user_agent", USER_AGENT), ATTR("referrer", REFERRER),  \
    ATTR("http_refer", REFERRER), ATTR("contenttype", TYPE), ATTR("length", SIZE),            \
    ATTR("count", COUNT), ATTR("md5", MD5), ATTR("sha1", SHA1), ATTR("sha256", SHA256)

/* The sandbox's plain list gives the whole URL as `uri` and its path apart ... */
LOCAL_SHAPE(http, HTTP, ATTR("uri", URL), ATTR("path", URI), OTHER_LEAVES(NETWORK_DETAIL));

/* ... the richer lists and Suricata the path as `uri`; their `path` is a stored body. */
LOCAL_SHAPE(http_ex, HTTP, ATTR("uri", URI), ATTR("path", HOST_PATH), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(ja3, ATTR("", JA3), ATTR("hash", JA3), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(ja3s, ATTR("", JA3S), ATTR("hash", JA3S), OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(tls,
    FLOW,
    ATTR("sni", SNI),
    ATTR("subject", SUBJECT),
    ATTR("issuer", ISSUER),
    ATTR("issuerdn", ISSUER),
    ATTR("serial", SERIAL),
    ATTR("fingerprint", FINGERPRINT),
    ATTR("version", VERSION),
    ATTR("notbefore", NOT_BEFORE),
    ATTR("notafter", NOT_AFTER),
    INTO("ja3", ja3),
    INTO("ja3s", ja3s),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(icmp,
    FLOW,
    ATTR("type", TYPE),
    ATTR("code", CODE),
    ATTR("data", CONTENT),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(smtp, FLOW, ATTR("raw", CONTENT), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(irc,
    FLOW,
    ATTR("command", COMMAND),
    ATTR("params", VALUE),
    ATTR("type", TYPE),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(fingerprint_tls,
    ATTR("ja3", JA3),
    ATTR("ja3s", JA3S),
    ATTR("serverName", SNI),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(network_fingerprint,
    ATTR("sourceIp", SRC),
    ATTR("sourcePort", SPORT),
    ATTR("destinationIp", DST),
    ATTR("destinationPort", DPORT),
    ATTR("ja3", JA3),
    ATTR("ja3s", JA3S),
    INTO("tls", fingerprint_tls),
    FLOW,
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(ip_only, ATTR("", IP), ATTR("ip", IP));
LOCAL_SHAPE(sha256_only, ATTR("", SHA256));

SHAPE(network,
    FACT("hosts", HOST, host),
    FACT("domains", DOMAIN, domain),
    FACT("dns", DNS, dns),
    FACT("dns_servers", DNS_SERVER, ip_only),
    KEYED_FACT("tcp", PROTOCOL, CONNECTION, connection),
    KEYED_FACT("udp", PROTOCOL, CONNECTION, connection),
    FACT("tcp_ex", CONNECTION, connection),
    FACT("udp_ex", CONNECTION, connection),
    FACT("http", HTTP, http),
    FACT("http_ex", HTTP, http_ex),
    FACT("https_ex", HTTP, http_ex),
    FACT("tls", TLS, tls),
    FACT("tls_ex", TLS, tls),
    FACT("icmp", ICMP, icmp),
    FACT("icmp_ex", ICMP, icmp),
    FACT("smtp", SMTP, smtp),
    FACT("smtp_ex", SMTP, smtp),
    FACT("irc", IRC, irc),
    FACT("fingerprint", NETWORK_FINGERPRINT, network_fingerprint),
    PAIRS("dead_hosts", DEAD_HOST),
    FACT("pcap_sha256", CAPTURE, sha256_only),
    FACT("sorted_pcap_sha256", CAPTURE, sha256_only),
    OTHER_LEAVES(NETWORK_DETAIL));

/* --- Suricata ----------------------------------------------------------------------------- */

LOCAL_SHAPE(alert,
    FLOW,
    ATTR("signature", SIGNATURE),
    ATTR("sid", SID),
    ATTR("signature_id", SID),
    ATTR("gid", GID),
    ATTR("rev", REVISION),
    ATTR("category", CATEGORY),
    ATTR("severity", SEVERITY),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(eve_dns_body,
    ATTR("rrname", REQUEST),
    ATTR("rrtype", TYPE),
    ATTR("type", OPERATION),
    ATTR("rcode", CODE),
    FACT("answers", DNS_ANSWER, dns_answer),
    OTHER_LEAVES(NETWORK_DETAIL));
LOCAL_SHAPE(eve_dns, FLOW, INTO("dns", eve_dns_body), OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(network_file,
    FLOW,
    ATTR("filename", NAME),
    ATTR("name", NAME),
    ATTR("size", SIZE),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("magic", TYPE),
    ATTR("type", TYPE),
    FACT("yara", YARA, yara),
    OTHER_LEAVES(NETWORK_DETAIL));

LOCAL_SHAPE(ssh, FLOW, OTHER_LEAVES(NETWORK_DETAIL));

SHAPE(suricata,
    FACT("alerts", IDS_ALERT, alert),
    FACT("tls", TLS, tls),
    FACT("http", HTTP, http_ex),
    FACT("dns", DNS, eve_dns),
    FACT("files", NETWORK_FILE, network_file),
    FACT("ssh", SSH, ssh),
    OTHER_LEAVES(NETWORK_DETAIL));
