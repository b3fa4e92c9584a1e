/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_driver: sends a file as pages (RFC 959 3.1.2.3), only those that are
 * there: as its shape has them if it came as pages, else those that hold
 * anything but holes. Worker thread.
 */
#ifndef FERRY_DTP_PAGE_DRIVER_H
#define FERRY_DTP_PAGE_DRIVER_H

#include <stdatomic.h>

#include "base/stream.h"
#include "codec/stru_page.h"
#include "dtp/shape_reader.h"

/*
 * Puts pages and the end of the file on `first`. `bits` of a logical byte. The
 * stream is read anywhere. FAULT_IO: the shape is not the file's;
 * FAULT_ARGUMENT: its pages cannot be counted in so few bits; FAULT_CANCELLED.
 */
enum fault page_driver_send(struct stream *stream, struct shape_reader *shape, unsigned bits,
                            const struct page_facts *facts, const atomic_bool *cancelled,
                            struct stage *first);

#endif
