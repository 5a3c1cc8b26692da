/*  What happens with each request is a few atomic stores; the mutex is for coming and going. It
    also holds back op_connections_leave, and so the close of a descriptor, while descriptors are
    looked up.

    Where a connection comes from is not known yet when it enters: civetweb tells it a moment later,
    before the first octet is read. So addresses are looked up when somebody has to go. */

#include "http/connections.h"

#include "base/ip.h"
#include "http/body.h"
#include "http/descriptor.h"

#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { S_GROUPS = 1024 };

typedef struct {
    const struct mg_connection *connection; /* NULL: the place is free */
    bool shut;
    atomic_bool sent_away, waits, answered;
    atomic_llong since_ms; /* it waits since */
    atomic_ullong turn;    /* the same in finer grain: who began to wait before whom */
    /* While somebody has to go: */
    const struct mg_request_info *info; /* NULL: not known yet */
    uint16_t group;                     /* of its address; two addresses may share one */
} s_place_t;

struct op_connections {
    pthread_mutex_t mutex;
    s_place_t *places;
    size_t count, given;
    atomic_ullong turns;
    atomic_size_t here; /* taken, without those that were sent away */
    uint16_t groups[S_GROUPS];
};

op_connections_t *op_connections_new(size_t places)
{
    op_connections_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->places = op_alloc(places * sizeof *self->places);
    memset(self->places, 0, places * sizeof *self->places);
    self->count = places;
    pthread_mutex_init(&self->mutex, NULL);
    return self;
}

void op_connections_destroy(op_connections_t **self_p)
{
    OP_ASSERT(self_p);
    op_connections_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy(&self->mutex);
    free(self->places);
    free(self);
    *self_p = NULL;
}

size_t op_connections_place(op_connections_t *self)
{
    pthread_mutex_lock(&self->mutex);
    OP_ASSERT(self->given < self->count);
    size_t place = self->given++;
    pthread_mutex_unlock(&self->mutex);
    return place;
}

/*  FNV-1a over an IPv4 address, or over what a provider gives to one IPv6 customer. */
static uint16_t s_group(const char *peer)
{
    op_ip_t address;
    uint32_t hash = 2166136261;
    if (!op_ip_parse(op_str(peer), &address))
        return 0;
    for (size_t i = 0; i < (address.six ? 8 : 4); i++)
        hash = (hash ^ address.octets[i]) * 16777619;
    return (uint16_t)((hash ^ hash >> 16) % S_GROUPS);
}

/*  Who is here, and from where. */
static void s_look_round(op_connections_t *self)
{
    memset(self->groups, 0, sizeof self->groups);
    for (size_t i = 0; i < self->count; i++) {
        s_place_t *place = &self->places[i];
        bool here = place->connection && !place->sent_away;
        place->info = here ? mg_get_request_info(place->connection) : NULL;
        if (place->info)
            self->groups[place->group = s_group(place->info->remote_addr)]++;
    }
}

static bool s_may_go(const s_place_t *place, int64_t now)
{
    return place->info && !place->sent_away && place->waits &&
           (!place->answered || now - place->since_ms >= OP_CONNECTIONS_REST_MS);
}

/*  Who goes first: NULL when nobody may. */
static s_place_t *s_next_to_go(op_connections_t *self, int64_t now)
{
    s_place_t *next = NULL;
    for (size_t i = 0; i < self->count; i++) {
        s_place_t *place = &self->places[i];
        if (!s_may_go(place, now))
            continue;
        uint16_t size = self->groups[place->group], most = next ? self->groups[next->group] : 0;
        if (size > most || (size == most && next && place->turn < next->turn))
            next = place;
    }
    return next;
}

static bool s_shut(void *arg, int fd, const char *peer, int peer_port, int own_port)
{
    op_connections_t *self = arg;
    for (size_t i = 0; i < self->count; i++) {
        s_place_t *place = &self->places[i];
        if (place->info && place->sent_away && !place->shut &&
            place->info->remote_port == peer_port && place->info->server_port == own_port &&
            strcmp(place->info->remote_addr, peer) == 0) {
            place->shut = true;
            shutdown(fd, SHUT_RD); /* fails where the peer has gone already */
            break;
        }
    }
    return true;
}

static void s_send_away(op_connections_t *self, s_place_t *place)
{
    place->sent_away = true;
    self->groups[place->group]--;
    atomic_fetch_sub(&self->here, 1);
}

static void s_thin(op_connections_t *self, int64_t now)
{
    bool any = false;
    s_look_round(self);
    while (self->here > self->count * 5 / 8) {
        s_place_t *place = s_next_to_go(self, now);
        if (!place)
            break;
        s_send_away(self, place);
        any = true;
    }
    if (any)
        op_descriptors_visit(s_shut, self);
}

static void s_wait(op_connections_t *self, s_place_t *place, int64_t now)
{
    place->since_ms = now;
    place->turn = atomic_fetch_add(&self->turns, 1);
    place->waits = true;
}

void op_connections_enter(op_connections_t *self, size_t index,
                          const struct mg_connection *connection)
{
    int64_t now = op_http_now_ms();
    s_place_t *place = &self->places[index];
    pthread_mutex_lock(&self->mutex);
    atomic_fetch_add(&self->here, 1);
    if (op_connections_is_full(self))
        s_thin(self, now);
    place->connection = connection;
    place->shut = false;
    place->sent_away = false;
    place->answered = false;
    s_wait(self, place, now);
    pthread_mutex_unlock(&self->mutex);
}

void op_connections_leave(op_connections_t *self, size_t index)
{
    s_place_t *place = &self->places[index];
    pthread_mutex_lock(&self->mutex);
    if (!place->sent_away)
        atomic_fetch_sub(&self->here, 1);
    place->connection = NULL;
    place->info = NULL;
    pthread_mutex_unlock(&self->mutex);
}

void op_connections_hear(op_connections_t *self, size_t index)
{
    s_wait(self, &self->places[index], op_http_now_ms());
}

void op_connections_serve(op_connections_t *self, size_t index)
{
    self->places[index].waits = false;
}

void op_connections_rest(op_connections_t *self, size_t index)
{
    s_place_t *place = &self->places[index];
    place->answered = true;
    s_wait(self, place, op_http_now_ms());
}

void op_connections_end(op_connections_t *self)
{
    pthread_mutex_lock(&self->mutex);
    s_look_round(self);
    for (size_t i = 0; i < self->count; i++) {
        s_place_t *place = &self->places[i];
        if (place->info && !place->sent_away && place->waits)
            s_send_away(self, place);
    }
    op_descriptors_visit(s_shut, self);
    pthread_mutex_unlock(&self->mutex);
}

size_t op_connections_count(op_connections_t *self)
{
    return self->here;
}

bool op_connections_is_full(op_connections_t *self)
{
    return self->here > self->count * 3 / 4;
}

bool op_connections_is_sent_away(op_connections_t *self, size_t index)
{
    return self->places[index].sent_away;
}
