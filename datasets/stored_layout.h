// How stored arrays lie in a demonstration's group: contiguous and uncompressed, so that any row can be read
// at once; what is known of the time after the last step apart, below final_obs. Call under Hdf5Lock.
#pragma once

#include <span>

#include "datasets/demonstration.h"
#include "datasets/hdf5.h"

namespace deerbench {

void WriteStored(hid_t demo, const StoredArray& array, const StoredDigest& digest, int steps,
                 const Hdf5Place& place);

// Fills in what `info` says of stored arrays and moments.
void ReadStoredInfo(hid_t demo, DemoInfo& info, const Hdf5Place& place);

// As the file states them.
std::vector<StoredDigest> ReadStoredDigests(hid_t demo, const DemoInfo& info, const Hdf5Place& place);

// All of an array, held against its digest.
StoredArray ReadStored(hid_t demo, const std::string& name, const DemoInfo& info, const Hdf5Place& place);

// `count` rows of an array by step, from `first` on; `out` has their size.
void ReadStoredRows(hid_t demo, const std::string& name, const DemoInfo& info, int first, int count,
                    std::span<std::byte> out, const Hdf5Place& place);

}  // namespace deerbench
