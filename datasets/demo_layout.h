// How a demonstration lies in an HDF5 file. Call under Hdf5Lock.
#pragma once

#include <span>
#include <string>

#include "datasets/demonstration.h"
#include "datasets/hdf5.h"

namespace deerbench {

// "demo_3"
std::string DemoName(int index);

// Makes the group of one demonstration below `data`.
void WriteDemo(hid_t data, int index, const Demonstration& demo, std::span<const StoredDigest> stored,
               const std::string& checksum, const Hdf5Place& place);

// The attributes of one demonstration and the checksum they state.
DemoInfo ReadDemoInfo(hid_t demo, std::string& checksum, const Hdf5Place& place);

std::vector<RelativeAction> ReadActionRows(hid_t demo, const char* name, const DemoInfo& info,
                                           const Hdf5Place& place);
std::vector<uint8_t> ReadLabelledRows(hid_t demo, const DemoInfo& info, const Hdf5Place& place);
std::vector<RobotObs> ReadRobotObsRows(hid_t demo, const DemoInfo& info, const Hdf5Place& place);
std::vector<SceneObs> ReadSceneObsRows(hid_t demo, const DemoInfo& info, const Hdf5Place& place);
std::vector<WorldState> ReadStateRows(hid_t demo, const DemoInfo& info, const Hdf5Place& place);
ContactCache ReadStartContacts(hid_t demo, const Hdf5Place& place);

}  // namespace deerbench
