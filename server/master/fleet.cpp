#include "server/master/fleet.hpp"

#include "server/log/log.hpp"
#include "server/master/report.hpp"

#include <signal.h>

#include <algorithm>
#include <system_error>

namespace girin::master {

using namespace std::chrono_literals;

worker* fleet::find(pid_t pid) {
    const auto found = std::find_if(workers.begin(), workers.end(), [&](const worker& w) { return w.pid == pid; });
    return found != workers.end() ? &*found : nullptr;
}

slot* fleet::slot_of(pid_t pid) {
    const auto found =
        std::find_if(slots.begin(), slots.end(), [&](const slot& s) { return s.holder == pid || s.successor == pid; });
    return found != slots.end() ? &*found : nullptr;
}

bool fleet::start_holder(slot& place) {
    place.respawn_at.reset();
    place.holder = start(place.number);
    if (place.holder == 0) respawn_later(place, 0s);
    return place.holder != 0;
}

bool fleet::start_successor(slot& place) {
    place.successor = start(place.number);
    return place.successor != 0;
}

pid_t fleet::start(unsigned slot_number) {
    try {
        const time_point now = host.now();
        const pid_t pid = host.spawn(slot_number, generation);
        workers.push_back({.pid = pid, .generation = generation, .started = now, .since = now});
        log::info("Booting worker with pid: " + std::to_string(pid));
        return pid;
    } catch (const std::system_error& error) {
        log::error(std::string("Cannot start a worker: ") + error.what());
        return 0;
    }
}

void fleet::respawn_later(slot& place, std::chrono::nanoseconds life) {
    const std::chrono::milliseconds pause = place.pause.after_death(life);
    place.holder = 0;
    place.respawn_at = host.now() + pause;
    if (place.pause.stepped())
        log::warning("Workers in slot " + std::to_string(place.number) + " keep dying; the next one starts in " +
                     std::to_string(pause / 1s) + " s");
}

void fleet::forget_deaths() {
    for (slot& place : slots) {
        place.pause = {};
        if (place.holder == 0) place.respawn_at = host.now();
    }
}

void fleet::scale_to(unsigned count) {
    while (slots.size() < count) add_slot();
    while (slots.size() > count) remove_oldest();
}

void fleet::add_slot() {
    unsigned number = 0;
    while (std::any_of(slots.begin(), slots.end(), [&](const slot& s) { return s.number == number; })) ++number;
    slots.push_back({.number = number});
    start_holder(slots.back());
}

void fleet::remove_oldest() {
    const auto age_key = [&](const slot& place) {
        const worker* holder = find(place.holder);
        return holder != nullptr ? holder->started : time_point::max();
    };
    const auto oldest = std::min_element(slots.begin(), slots.end(),
                                         [&](const slot& a, const slot& b) { return age_key(a) < age_key(b); });
    const slot gone = *oldest;
    slots.erase(oldest);
    retire(gone.holder);
    retire(gone.successor);
}

void fleet::retire(pid_t pid) {
    worker* leaving = find(pid);
    if (leaving == nullptr || leaving->phase == worker_phase::retiring) return;
    leaving->phase = worker_phase::retiring;
    leaving->since = host.now();
    host.signal(pid, SIGTERM);
}

void fleet::abort(worker& victim) {
    report_in_flight(victim);
    victim.kill_at = host.now() + 1s;
    host.signal(victim.pid, SIGABRT);
}

void fleet::kill(worker& victim) {
    report_in_flight(victim);
    victim.killed = true;
    host.signal(victim.pid, SIGKILL);
}

void fleet::report_in_flight(worker& of) {
    if (std::exchange(of.reported, true)) return;
    for (const auto& request : host.in_flight(of.pid)) log::error(describe_in_flight(of.pid, request));
}

worker fleet::remove(pid_t pid) {
    const worker gone = *find(pid);
    std::erase_if(workers, [&](const worker& w) { return w.pid == pid; });
    return gone;
}

}  // namespace girin::master
