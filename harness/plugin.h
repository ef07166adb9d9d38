// Parts of the program that need large libraries, as shared libraries of ours that are loaded on demand.
#pragma once

#include <filesystem>

namespace deerbench {

// Loads a library for the rest of the process's life and finds what it exports. Throws Error with the
// loader's reason, or if the library is of another version than the program.
void* LoadFromPlugin(const std::filesystem::path& library, const char* symbol);

}  // namespace deerbench

// What every such library exports beside its own symbol.
extern "C" const char* DeerbenchPluginVersion();
