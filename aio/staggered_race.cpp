#include <girin/exceptions.hpp>
#include <girin/staggered_race.hpp>
#include <girin/timeout.hpp>

#include <utility>

namespace girin::detail {

race_core::~race_core() = default;

coro<void> race_core::run(ref<race_core> race, std::size_t attempts) {
    race->waiter_ = task_core::current();
    cancel_on_exit cancel_on_exit(*race);
    std::exception_ptr cancelled;
    while (race->tasks_made_ < attempts && !race->winner && !race->raised_ && !cancelled) {
        race->go_on_.clear();
        race->add(any_task(create_task(race->attempt())).core());
        ++race->tasks_made_;
        try {
            co_await wait_for(race->go_on_.wait(), race->delay_);
        } catch (const timeout_error&) {
        } catch (const cancelled_error& e) {
            cancelled = std::current_exception();
            race->cancel_all(e.message());
        }
    }
    while (!race->empty()) {
        try {
            co_await until_empty(*race);
        } catch (const cancelled_error& e) {
            cancelled = std::current_exception();
            race->cancel_all(e.message());
        }
    }
    race->waiter_ = {};
    if (race->raised_) std::rethrow_exception(race->raised_);
    if (cancelled) std::rethrow_exception(cancelled);
}

std::size_t race_core::begin() {
    exceptions.emplace_back();
    return exceptions.size() - 1;
}

void race_core::lose(std::size_t i, std::exception_ptr raised) {
    exceptions[i] = std::move(raised);
    if (i + 1 == tasks_made_) go_on_.set();
}

void race_core::win(std::size_t i) {
    if (winner) {
        exceptions[i] = std::make_exception_ptr(cancelled_error("another attempt has won"));
        return;
    }
    winner = i;
    cancel_all({}, task_core::current().get());
    go_on_.set();
}

void race_core::on_done(task_core& task) {
    if (task.failed()) {
        raised_ = task.exception();
        cancel_all();
    }
    if (task.failed() || empty()) go_on_.set();
}

}  // namespace girin::detail
