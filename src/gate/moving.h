/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moving: may all that is in a directory get other paths with it? Rules are about
 * paths, so a rename of a directory could carry a file out of where a rule holds,
 * or into such a place. It is refused unless the same rules hold for every name in
 * it, at every depth, before and after. What others put in while it is being
 * looked at goes along unseen. Between the files of the gate; worker threads.
 */
#ifndef FERRY_GATE_MOVING_H
#define FERRY_GATE_MOVING_H

#include "gate/place.h"

/*
 * FAULT_DENIED, FAULT_LISTING_TOO_LARGE or what the store says of the directories
 * in it, all audited here. Nothing is looked at when no rule depends on paths, or
 * the source is no directory.
 */
enum fault moving_allow(const struct caller *caller, const struct place *source,
                        const struct place *target);

#endif
