#define ROWS_TABLE as_rows_base
#define ROWS_NAME  "base"
#include "nn/rows_body.h"

#include "base/banned.h"
