/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hours: times of the week, "Mon-Fri 08:00-18:00 Europe/Madrid", as the clock on
 * the wall there shows them, also when it is put forward or back. Where clocks
 * are put is looked up when they are made; then pure, immutable, any thread.
 */
#ifndef FERRY_POLICY_HOURS_H
#define FERRY_POLICY_HOURS_H

#include "policy/source.h"

struct hours;

/*
 * All the texts together: DAYS HH:MM-HH:MM [ZONE], where DAYS are "daily", or
 * days and ranges of them ("Mon-Wed,Fri"), and ZONE one of the time zone database,
 * else UTC. An end before its begin is on the day after; 24:00 is the end of a day.
 * FAULT_ARGUMENT with a complaint, FAULT_NO_MEMORY.
 */
enum fault hours_new(char *const *texts, size_t count, struct hours **ret_hours,
                     struct complaint *ret_complaint);
/* Accepts NULL. */
void hours_free(struct hours *hours);

bool hours_are_open(const struct hours *hours, int64_t now);
/*
 * The first second, from now on, when they are not open; INT64_MAX when that is not
 * within a year and a month: clocks and weeks have come round by then.
 */
int64_t hours_end(const struct hours *hours, int64_t now);

#endif
