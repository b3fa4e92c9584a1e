/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password_frequent: the passwords that are tried first, as far as the other
 * rules of password_weakness let them pass. Pure.
 */
#ifndef FERRY_ACCOUNT_PASSWORD_FREQUENT_H
#define FERRY_ACCOUNT_PASSWORD_FREQUENT_H

#include <stdbool.h>

#include "base/text.h"

/* In upper or lower case. */
bool password_is_frequent(struct text password);

#endif
