/*
 * move_priv - what export and import agree on.
 *
 * Depends on: base.
 */
#ifndef AS_STORE_MOVE_PRIV_H
#define AS_STORE_MOVE_PRIV_H

#include "store/store_priv.h"

#define AS_EXPORT_FIRST_LINE   "{\"assay_export\":1}"
#define AS_EXPORT_MANIFEST     "manifest.jsonl"
#define AS_EXPORT_FOLDER       "documents/"
#define AS_EXPORT_MANIFEST_MAX ((uint64_t)1 << 30)
#define AS_EXPORT_NAME_MAX     ((size_t)64 << 10)

#endif
