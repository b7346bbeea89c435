#include "server/master/reload.hpp"

#include "server/log/log.hpp"

#include <algorithm>
#include <exception>

namespace girin::master {

void reload::step() {
    if (!rolling_ && !(requested_ && begin())) return;
    for (slot& place : fleet_.slots)
        if (place.successor != 0) return;
    for (slot& place : fleet_.slots) {
        const worker* holder = fleet_.find(place.holder);
        if (holder == nullptr || holder->generation == fleet_.generation) continue;
        if (!fleet_.start_successor(place)) fail(place);
        return;
    }
    rolling_ = false;
    fleet_.scale_to(fleet_.settings.workers);
    log::info("Reload complete: generation " + std::to_string(fleet_.generation) + " serves");
    if (requested_) step();
}

bool reload::begin() {
    requested_ = false;
    log::info("Hang up: Master");
    old_settings_ = fleet_.settings;
    try {
        fleet_.settings = fleet_.host.reread();
    } catch (const std::exception& error) {
        log::error(std::string("Reload refused, the old settings stay: ") + error.what());
        return false;
    }
    if (fleet_.settings.bind != old_settings_.bind)
        log::warning("Reload goes on listening on the old addresses: a change of bind takes a restart");
    ++fleet_.generation;
    rolling_ = true;
    any_ready_ = false;
    return true;
}

void reload::succeed(slot& place) {
    const pid_t old = std::exchange(place.holder, std::exchange(place.successor, 0));
    place.pause = {};
    any_ready_ = true;
    fleet_.retire(old);
}

void reload::fail(slot& place) {
    place.successor = 0;
    rolling_ = false;
    log::error("Reload failed: generation " + std::to_string(fleet_.generation) +
               " did not boot; the workers of the old one go on serving");
    if (!any_ready_) {
        fleet_.settings = old_settings_;
        fleet_.host.revert();
    }
    if (requested_) step();
}

}  // namespace girin::master
