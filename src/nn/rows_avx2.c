#define ROWS_TABLE as_rows_avx2
#define ROWS_NAME  "avx2"
#include "nn/rows_body.h"

#include "base/banned.h"
