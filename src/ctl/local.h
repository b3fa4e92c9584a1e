/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local: the commands that ferryctl answers itself, or shows in a way of their
 * own. Each gives an exit status.
 */
#ifndef FERRY_CTL_LOCAL_H
#define FERRY_CTL_LOCAL_H

#include "ctl/command.h"

int local_password_hash(struct call *call);
int local_config_check(struct call *call);
int local_config_show(struct call *call);
int local_firewall_nftables(struct call *call);
int local_firewall_ufw(struct call *call);
int local_explain(struct call *call);

#endif
