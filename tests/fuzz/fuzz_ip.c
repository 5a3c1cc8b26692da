/*  Addresses and networks from the configuration, and octets that a resolver could answer with.
    Property: what is read as an address is written and read again as the same one; an address is in
    its own network, in that of all addresses of its family, and in none of the other family; its
    mapped form is the same address; an entry of the allow-list that is no network is a plain host
    name. */

#include "tests/fuzz/fuzz.h"

#include "http/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

static void s_check_address(const op_ip_t *address)
{
    char text[INET6_ADDRSTRLEN];
    op_ip_t again;
    op_network_t all;
    FUZZ_CHECK(inet_ntop(address->six ? AF_INET6 : AF_INET, address->octets, text, sizeof text));
    FUZZ_CHECK(op_ip_parse(op_str(text), &again));
    FUZZ_CHECK(memcmp(&again, address, sizeof again) == 0);
    FUZZ_CHECK(op_ip_kind(&again) == op_ip_kind(address));
    FUZZ_CHECK(op_network_parse(op_str(text), &all) && op_network_has(&all, address));
    FUZZ_CHECK(op_network_parse(op_str(address->six ? "::/0" : "0.0.0.0/0"), &all));
    FUZZ_CHECK(op_network_has(&all, address));
    FUZZ_CHECK(op_network_parse(op_str(address->six ? "0.0.0.0/0" : "::/0"), &all));
    FUZZ_CHECK(!op_network_has(&all, address));
}

static void s_check_socket(const uint8_t octets[16])
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    struct sockaddr_in four = {.sin_family = AF_INET};
    op_ip_t found, mapped;
    memcpy(&six.sin6_addr, octets, 16);
    FUZZ_CHECK(op_ip_from((const struct sockaddr *)&six, &found));
    s_check_address(&found);
    memcpy(&four.sin_addr, octets, 4);
    FUZZ_CHECK(op_ip_from((const struct sockaddr *)&four, &found));
    s_check_address(&found);
    memset(&six.sin6_addr, 0, 10);
    memset(six.sin6_addr.s6_addr + 10, 0xff, 2);
    memcpy(six.sin6_addr.s6_addr + 12, octets, 4);
    FUZZ_CHECK(op_ip_from((const struct sockaddr *)&six, &mapped));
    FUZZ_CHECK(memcmp(&found, &mapped, sizeof found) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_ip_t address;
    op_network_t network;
    op_str_t text = op_str_of(data, size);
    if (op_ip_parse(text, &address))
        s_check_address(&address);
    bool is_network = op_network_parse(text, &network);
    if (is_network) {
        s_check_address(&network.address);
        FUZZ_CHECK(network.prefix <= (network.address.six ? 128 : 32));
        FUZZ_CHECK(op_network_has(&network, &network.address));
    }
    if (op_host_name_ok(text)) {
        FUZZ_CHECK(!is_network && size <= OP_HOST_NAME_MAX);
        for (size_t i = 0; i < size; i++)
            FUZZ_CHECK(text.at[i] && !strchr("/:[]@%? \t", text.at[i]));
    }
    if (size >= 16)
        s_check_socket(data);
    return 0;
}
