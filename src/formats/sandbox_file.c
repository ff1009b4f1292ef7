#include "formats/formats_priv.h"

#include "base/banned.h"

/* clang-format off */

/*
 * Everything that CAPE and Cuckoo say about a file: the sample, what it dropped,
 * what was dumped from memory. The same record serves all of them, so one shape does.
 */

LOCAL_SHAPE(text, ATTR("", VALUE));
LOCAL_SHAPE(name, ATTR("", NAME), ATTR("name", NAME));
LOCAL_SHAPE(url, ATTR("", URL), ATTR("url", URL));
LOCAL_SHAPE(domain_inside, ATTR("", DOMAIN));
LOCAL_SHAPE(ip_inside, ATTR("", IP));
LOCAL_SHAPE(mail_inside, ATTR("", MAIL));

/* --- YARA: CAPE gives texts and addresses, Cuckoo base64 texts and [offset, index] pairs -- */

LOCAL_SHAPE(yara_address, ATTR("", OFFSET));
LOCAL_SHAPE(yara_addresses, OTHER_FACT(NAME, YARA_STRING, yara_address));
LOCAL_SHAPE(yara_meta,
    ATTR("description", DESCRIPTION),
    ATTR("author", AUTHOR),
    ATTR("reference", REFERENCE),
    OTHER_LEAVES(YARA_META));

LOCAL_SHAPE(yara_offsets, OTHER_PAIRS(YARA_STRING));

SHAPE(yara,
    ATTR("", RULE),
    ATTR("name", RULE),
    ATTR("rule", RULE),
    INTO("meta", yara_meta),
    FACT("strings", YARA_STRING, text),
    INTO("addresses", yara_addresses),
    INTO("offsets", yara_offsets),
    OTHER_LEAVES(YARA_META));

/* --- PE ------------------------------------------------------------------------------------- */

LOCAL_SHAPE(pe_section,
    ATTR("name", NAME),
    ATTR("raw_address", RAW_ADDRESS),
    ATTR("virtual_address", VIRTUAL_ADDRESS),
    ATTR("virtual_size", VIRTUAL_SIZE),
    ATTR("size_of_data", RAW_SIZE),
    ATTR("entropy", ENTROPY),
    ATTR("characteristics", CHARACTERISTICS),
    ATTR("characteristics_raw", CHARACTERISTICS_RAW),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(pe_function,
    ATTR("", NAME),
    ATTR("name", NAME),
    ATTR("address", ADDRESS),
    ATTR("ordinal", ORDINAL),
    OTHER_LEAVES(STATIC_DETAIL));

/* A list of {dll, imports[]} (CAPE 2.2, Cuckoo) or an object of them by module name. */
LOCAL_SHAPE(pe_dll,
    ATTR("dll", DLL),
    FACT("imports", PE_IMPORT, pe_function),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(pe_imports,
    ATTR("dll", DLL),
    FACT("imports", PE_IMPORT, pe_function),
    ANY_FACT(PE_IMPORT, pe_dll));

LOCAL_SHAPE(pe_resource,
    ATTR("name", NAME),
    ATTR("offset", OFFSET),
    ATTR("size", RAW_SIZE),
    ATTR("filetype", TYPE),
    ATTR("language", LANGUAGE),
    ATTR("sublanguage", SUBLANGUAGE),
    ATTR("entropy", ENTROPY),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(pe_directory,
    ATTR("name", NAME),
    ATTR("virtual_address", VIRTUAL_ADDRESS),
    ATTR("size", RAW_SIZE),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(pe_version, ATTR("name", NAME), ATTR("value", VALUE), OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(pe_overlay, ATTR("offset", OFFSET), ATTR("size", RAW_SIZE), OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(certificate,
    ATTR("subject_commonName", SUBJECT),
    ATTR("issuer_commonName", ISSUER),
    ATTR("serial_number", SERIAL),
    ATTR("not_before", NOT_BEFORE),
    ATTR("not_after", NOT_AFTER),
    ATTR("md5_fingerprint", MD5),
    ATTR("sha1_fingerprint", SHA1),
    ATTR("sha256_fingerprint", SHA256),
    ATTR("cn", SUBJECT),
    ATTR("sn", SERIAL),
    OTHER_LEAVES(CERTIFICATE_FIELD));

/* Cuckoo 3 lists every field of the two names, and extensions. */
LOCAL_SHAPE(subject, ATTR("commonName", SUBJECT), OTHER_LEAVES(CERTIFICATE_FIELD));
LOCAL_SHAPE(issuer, ATTR("commonName", ISSUER), OTHER_LEAVES(CERTIFICATE_FIELD));
LOCAL_SHAPE(signer,
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("sha512", SHA512),
    ATTR("serial_number", SERIAL),
    INTO("subject", subject),
    INTO("issuer", issuer),
    OTHER_LEAVES(CERTIFICATE_FIELD));

LOCAL_SHAPE(signer_check,
    ATTR("aux_valid", VALID),
    ATTR("aux_error_desc", ERROR),
    ATTR("aux_sha1", SHA1),
    ATTR("aux_timestamp", TIME),
    LEAVES("aux_signers", CERTIFICATE_FIELD),
    OTHER_LEAVES(STATIC_DETAIL));

LOCAL_SHAPE(pe,
    ATTR("imagebase", IMAGEBASE),
    ATTR("entrypoint", ENTRYPOINT),
    ATTR("ep_bytes", EP_BYTES),
    ATTR("imphash", IMPHASH),
    ATTR("timestamp", COMPILED),
    ATTR("pdbpath", PDB_PATH),
    ATTR("reported_checksum", CHECKSUM),
    ATTR("actual_checksum", ACTUAL_CHECKSUM),
    ATTR("osversion", OS_VERSION),
    ATTR("icon_hash", ICON_HASH),
    ATTR("exported_dll_name", EXPORTED_NAME),
    ATTR("imported_dll_count", IMPORTED_DLLS),
    ATTR("peid_signatures", PEID),
    FACT("sections", PE_SECTION, pe_section),
    FACT("imports", PE_IMPORT, pe_imports),
    FACT("exports", PE_EXPORT, pe_function),
    FACT("resources", PE_RESOURCE, pe_resource),
    FACT("dirents", PE_DIRECTORY, pe_directory),
    FACT("versioninfo", PE_VERSION, pe_version),
    FACT("overlay", PE_OVERLAY, pe_overlay),
    FACT("digital_signers", CERTIFICATE, certificate),
    FACT("guest_signers", SIGNER_CHECK, signer_check),
    OTHER_LEAVES(STATIC_DETAIL));

/* capa as CAPE embeds it: capabilities by name space, techniques as "Name [T1222]". */
LOCAL_SHAPE(technique_name, ATTR("", NAME));
LOCAL_SHAPE(capa_attck, OTHER_FACT(TACTIC, TECHNIQUE, technique_name));
LOCAL_SHAPE(capabilities, OTHER_LEAVES(CAPABILITY));
LOCAL_SHAPE(capa,
    INTO("ATTCK", capa_attck),
    INTO("CAPABILITY", capabilities),
    INTO("MBC", capabilities),
    OTHER_LEAVES(STATIC_DETAIL));

/* CAPE 2.2: static.pe. Cuckoo 2: static.pe_imports and so on; Cuckoo 3 has these in static.pe. */
SHAPE(static,
    INTO("pe", pe),
    INTO("flare_capa", capa),
    FACT("pe_imports", PE_IMPORT, pe_imports),
    FACT("pe_exports", PE_EXPORT, pe_function),
    FACT("pe_sections", PE_SECTION, pe_section),
    FACT("pe_resources", PE_RESOURCE, pe_resource),
    FACT("pe_versioninfo", PE_VERSION, pe_version),
    FACT("signature", CERTIFICATE, certificate),
    FACT("signatures", CERTIFICATE, signer),
    ATTR("pe_imphash", IMPHASH),
    ATTR("pe_timestamp", COMPILED),
    ATTR("pdb_path", PDB_PATH),
    ATTR("imported_dll_count", IMPORTED_DLLS),
    ATTR("peid_signatures", PEID),
    OTHER_LEAVES(STATIC_DETAIL));

/* --- antivirus ------------------------------------------------------------------------------ */

LOCAL_SHAPE(antivirus,
    ATTR("", RESULT),
    ATTR("result", RESULT),
    ATTR("sig", RESULT),
    ATTR("detected", DETECTED),
    ATTR("vendor", ENGINE),
    ATTR("version", VERSION),
    ATTR("update", TIME),
    OTHER_LEAVES(STATIC_DETAIL));
LOCAL_SHAPE(antivirus_scans, OTHER_FACT(ENGINE, ANTIVIRUS, antivirus));
SHAPE(antivirus_summary,
    ATTR("positives", POSITIVES),
    ATTR("total", TOTAL),
    ATTR("scan_date", TIME),
    ATTR("permalink", URL),
    ATTR("error", STATUS),
    ATTR("msg", ERROR),
    INTO("scans", antivirus_scans),
    FACT("results", ANTIVIRUS, antivirus),
    OTHER_LEAVES(STATIC_DETAIL));

/* --- the file --------------------------------------------------------------------------------- */

extern const as_shape as_shape_file;
SHAPE(file,
    ATTR("name", NAME),
    ATTR("path", HOST_PATH),
    ATTR("guest_paths", PATH),
    ATTR("filepath", PATH),
    ATTR("paths", PATH),
    ATTR("size", SIZE),
    ATTR("file_size", SIZE),
    ATTR("md5", MD5),
    ATTR("sha1", SHA1),
    ATTR("sha256", SHA256),
    ATTR("sha512", SHA512),
    ATTR("sha3_384", SHA3_384),
    ATTR("crc32", CRC32),
    ATTR("ssdeep", SSDEEP),
    ATTR("tlsh", TLSH),
    ATTR("rh_hash", RH_HASH),
    ATTR("type", TYPE),
    ATTR("judge_type", JUDGED_TYPE),
    ATTR("package", PACKAGE),
    ATTR("create_type", OPERATION),
    ATTR("cape_type", CAPE_TYPE),
    ATTR("cape_type_code", CAPE_TYPE_CODE),
    ATTR("pid", PID),
    ATTR("pids", PID),
    ATTR("process_name", PROCESS_NAME),
    ATTR("process_path", PROCESS_PATH),
    ATTR("module_path", MODULE_PATH),
    ATTR("virtual_address", ADDRESS),
    ATTR("target_pid", TARGET_PID),
    ATTR("target_process", TARGET_PROCESS),
    ATTR("target_path", TARGET_PATH),
    ATTR("entrypoint", ENTRYPOINT),
    ATTR("ep_bytes", EP_BYTES),
    ATTR("timestamp", COMPILED),
    ATTR("data", CONTENT),
    ATTR("extracted_files_tool", METHOD),
    FACT("extracted_files", EXTRACTED, file),
    FACT("yara", YARA, yara),
    FACT("cape_yara", YARA, yara),
    FACT("clamav", CLAMAV, name),
    FACT("pe", PE, pe),
    INTO("flare_capa", capa),
    FACT("strings", STRING, text),
    FACT("virustotal", ANTIVIRUS_SUMMARY, antivirus_summary),
    FACT("urls", SAMPLE_ADDRESS, url),
    FACT("domains", SAMPLE_ADDRESS, domain_inside),
    FACT("ips", SAMPLE_ADDRESS, ip_inside),
    FACT("mails", SAMPLE_ADDRESS, mail_inside),
    OTHER_LEAVES(STATIC_DETAIL));
