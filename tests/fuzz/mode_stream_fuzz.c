/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/modes_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)fuzz_mode(MODE_STREAM, data, size);
    return fuzz_mode(MODE_STREAM_RECORDS, data, size);
}
