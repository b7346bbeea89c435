#include "server/master/reload.hpp"

#include "server/log/log.hpp"
#include "server/log/log_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace girin::master {

void reload::step() {
    if (phase_ == phase::rolling) roll();
    if (phase_ == phase::settling && all_serve()) {
        phase_ = phase::resting;
        log::info("Reload complete: generation " + std::to_string(fleet_.generation) + " serves");
    }
    if (phase_ != phase::rolling && requested_ && begin()) step();
}

void reload::roll() {
    for (slot& place : fleet_.slots)
        if (place.successor != 0) return;
    for (slot& place : fleet_.slots) {
        const worker* holder = fleet_.find(place.holder);
        if (holder == nullptr || holder->generation == fleet_.generation) continue;
        if (!fleet_.start_successor(place)) fail(place);
        return;
    }
    phase_ = phase::settling;
    fleet_.scale_to(fleet_.settings.workers);
}

bool reload::all_serve() const {
    return std::all_of(fleet_.slots.begin(), fleet_.slots.end(), [this](const slot& place) {
        const worker* holder = fleet_.find(place.holder);
        return holder != nullptr && holder->phase == worker_phase::ready;
    });
}

bool reload::begin() {
    requested_ = false;
    log::info("Hang up: Master");
    old_settings_ = fleet_.settings;
    try {
        take(fleet_.host.reread());
    } catch (const std::exception& error) {
        log::error(std::string("Reload refused, the old settings stay: ") + error.what());
        return false;
    }
    if (fleet_.settings.bind != old_settings_.bind)
        log::warning("Reload goes on listening on the old addresses: a change of bind takes a restart");
    ++fleet_.generation;
    fleet_.forget_deaths();
    phase_ = phase::rolling;
    return true;
}

void reload::take(options fresh) {
    try {
        log_as(fresh);
    } catch (...) {
        fleet_.host.revert();
        throw;
    }
    fleet_.settings = std::move(fresh);
}

// The same path may lead to another file by now. Throws std::system_error, and then the log stays where it is.
void reload::log_as(const options& wanted) const {
    const options& now = fleet_.settings;
    if (wanted.errorlog == now.errorlog && wanted.loglevel == now.loglevel) return log::reopen();
    if (wanted.errorlog != now.errorlog) {
        const log::log_file opens(wanted.errorlog, STDERR_FILENO);
        log::info("The log goes on in " + wanted.errorlog);
    }
    log::open(wanted.errorlog, wanted.loglevel);
}

void reload::succeed(slot& place) {
    const pid_t old = std::exchange(place.holder, std::exchange(place.successor, 0));
    place.pause = {};
    fleet_.retire(old);
}

void reload::fail(slot& place) {
    place.successor = 0;
    phase_ = phase::resting;
    const bool some_serve = std::ranges::any_of(fleet_.workers, [this](const worker& w) {
        return w.generation == fleet_.generation && w.phase == worker_phase::ready;
    });
    if (!some_serve) {
        try {
            log_as(old_settings_);
        } catch (const std::exception& error) {
            log::error(error.what());
        }
        fleet_.settings = old_settings_;
        fleet_.host.revert();
    }
    log::error("Reload failed: a worker of generation " + std::to_string(fleet_.generation) + " did not boot; " +
               (some_serve ? "those that did serve beside the old ones, and the new settings stay"
                           : "the workers of the old one go on serving"));
}

}  // namespace girin::master
