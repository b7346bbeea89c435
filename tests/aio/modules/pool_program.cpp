// A program that uses a pool, for process_pool_test.cpp to start, replace and kill. Says what it does in lines.
#include <girin/process_pool.hpp>
#include <girin/runner.hpp>

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

namespace {

std::string state = "constructed";  // main changes it

std::string look() {
    return state + " in " + std::to_string(getpid());
}

int block() {
    std::printf("blocking in %d\n", getpid());
    std::fflush(stdout);
    for (;;) pause();
}

girin::coro<> program() {
    girin::process_pool pool({.processes = 1});
    for (std::string order; std::getline(std::cin, order);) {
        if (order == "look") std::cout << co_await pool.run<look>() << std::endl;
        if (order == "block") co_await pool.run<block>();
    }
}

}  // namespace

int main() {
    state = "main has run";
    std::cout << "main in " << getpid() << std::endl;
    girin::run(program());
}
