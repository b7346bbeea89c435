// The reload on HUP: a full new generation, ready before the old one retires.
//
//   resting  --HUP-->                settings read again; rolling, or as before with an error when they are wrong
//   rolling  --HUP-->                noted: one more reload follows this one, however many HUPs come
//   rolling  --successor ready-->    the old holder retires, and the next slot's successor starts
//   rolling  --successor dies-->     resting: the rest of the old generation goes on serving, and when no successor got
//                                    ready, the old settings are back
//   rolling  --no old holder left--> settling, after scaling to the number of workers that the settings now say
//   settling --HUP-->                like resting
//   settling --all slots served-->   resting, complete
//
// A slot whose worker dies meanwhile gets one of the new generation by the ordinary way, and counts as done.
#pragma once

#include "server/master/fleet.hpp"

namespace girin::master {

class reload {
 public:
    explicit reload(fleet& workers) : fleet_(workers) {}

    // HUP. Acts in the next `step`.
    void request() { requested_ = true; }

    // Starts what is due: a requested reload, the next successor, the end. To be called after every change.
    void step();

    // The slot's successor is ready to take it over.
    void succeed(slot& place);

    // The slot's successor died before it was ready. A step has to follow.
    void fail(slot& place);

 private:
    bool begin();
    void take(options fresh);
    void log_as(const options& wanted) const;
    void roll();
    bool all_serve() const;

    fleet& fleet_;
    options old_settings_;
    enum class phase { resting, rolling, settling };
    phase phase_ = phase::resting;
    bool requested_ = false;
};

}  // namespace girin::master
