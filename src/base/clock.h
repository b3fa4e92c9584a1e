/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: how long we have been running. It goes forward only, at one pace, whatever
 * is done to the date: what is measured, waited for or timed out is by it alone.
 *
 * From any thread.
 */
#ifndef FERRY_BASE_CLOCK_H
#define FERRY_BASE_CLOCK_H

#include <stdint.h>

/* Since some moment in the past that stays the same while the machine runs. */
int64_t clock_running_ns(void);
int64_t clock_running_ms(void);

#endif
