/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address: the host-port texts of the control connection <-> endpoint.
 * PORT and 227 (RFC 959 4.1.2), EPRT and 229 (RFC 2428), LPRT and 228
 * (RFC 1639). Pure. Whether an address may be used is nobody's business here.
 */
#ifndef FERRY_PROTOCOL_ADDRESS_H
#define FERRY_PROTOCOL_ADDRESS_H

#include "base/endpoint.h"
#include "base/text.h"

enum address_result {
    ADDRESS_OK,
    ADDRESS_MALFORMED,      /* 501 */
    ADDRESS_UNKNOWN_FAMILY, /* 522 (EPRT, EPSV) or 521 (LPRT): well-formed, no such protocol */
};

/* Argument of PORT: h1,h2,h3,h4,p1,p2. */
enum address_result address_parse_port(struct text argument, union endpoint *ret_endpoint);
/* Argument of EPRT: |1|192.0.2.1|port| or |2|2001:db8::1|port|, any delimiter. */
enum address_result address_parse_eprt(struct text argument, union endpoint *ret_endpoint);
/* Argument of LPRT: 4,4,h1..h4,2,p1,p2 or 6,16,h1..h16,2,p1,p2. */
enum address_result address_parse_lprt(struct text argument, union endpoint *ret_endpoint);

/* "h1,h2,h3,h4,p1,p2": PORT's argument and 227's parentheses. IPv4 only. */
void address_put_port(struct builder *b, const union endpoint *endpoint);
/* EPRT's argument. */
void address_put_eprt(struct builder *b, const union endpoint *endpoint);
/* LPRT's argument and 228's parentheses. */
void address_put_lprt(struct builder *b, const union endpoint *endpoint);

/*
 * The text of a reply holds the address with any text around it: no
 * parentheses, other brackets, other numbers before it, blanks behind its
 * commas (RFC 1123 4.1.2.6). A port of 0 is malformed: nobody listens there.
 */

/* Text of a 227 reply: the first list of exactly six numbers of one byte each. */
enum address_result address_parse_227(struct text reply, union endpoint *ret_endpoint);
/* Text of a 228 reply (RFC 1639 4): the first list that reads as LPRT's argument. */
enum address_result address_parse_228(struct text reply, union endpoint *ret_endpoint);
/*
 * Text of a 229 reply: the port between "(|||" and "|)", any delimiter. Where
 * a server fills in protocol and address, which RFC 2428 3 wants empty, they
 * are not looked at: the data connection goes to the host that was asked.
 */
enum address_result address_parse_229(struct text reply, uint16_t *ret_port);

#endif
