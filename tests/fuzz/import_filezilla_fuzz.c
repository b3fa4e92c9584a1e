/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return check_import(IMPORT_FILEZILLA, data, size);
}
