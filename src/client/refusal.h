/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal: what a server means by 550. RFC 959 4.2.2 has that one code for a
 * file that is not there, one that is not to be had and whatever else; the words
 * behind it tell, where they are of the kind that servers use. Pure.
 */
#ifndef FERRY_CLIENT_REFUSAL_H
#define FERRY_CLIENT_REFUSAL_H

#include "base/fault.h"
#include "base/text.h"

/*
 * Never FAULT_NONE. Words that tell nothing leave what is likely: what was to be read is not there,
 * what was to be changed may not be.
 */
enum fault refusal_fault(struct text verb, struct text words);

#endif
