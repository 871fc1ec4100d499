#include "Commands.h"
#include "Progress.h"
#include "RunOptions.h"
#include "StopSignal.h"

#include <cmath>
#include <iostream>
#include <memory>

namespace cli
{

namespace
{
struct RenderOptions
{
    RunOptions run;
    std::string session, input, midi, output, edits;
    std::vector<std::string> plugins, sets;
    std::string bits = "24", isolation = "in-process";
    bool keepLatency = false;
};

juce::File toFile (const std::string& path)
{
    return juce::File::getCurrentWorkingDirectory().getChildFile (juce::String::fromUTF8 (path.c_str()));
}

host::WavOutput::Bits parseBits (const std::string& text)
{
    if (text == "16")
        return host::WavOutput::Bits::pcm16;
    if (text == "24")
        return host::WavOutput::Bits::pcm24;
    if (text == "32f")
        return host::WavOutput::Bits::float32;

    throw host::Error ("--bits", "there is no sample format \"" + text + "\"", "use 16, 24 or 32f");
}

void check (const RenderOptions& options)
{
    options.run.apply();

    if (options.session.empty() == options.plugins.empty())
        throw host::Error (
            "render", options.session.empty() ? "there is nothing to render" : "a session and --plugin exclude each other",
            "give a session, or --plugin once or more");

    if (options.isolation == "sync" || options.isolation == "pipelined")
        refuseForNow ("--isolation " + options.isolation);

    if (options.isolation != "in-process")
        throw host::Error ("--isolation", "there is no isolation \"" + options.isolation + "\"", "use in-process");
}

/** The most channels of the ends among the nodes, at least two. */
int countChannels (const std::vector<host::GraphModel::Node>& nodes, host::NodeRole role)
{
    int channels = 0;

    for (const auto& node : nodes)
        if (node->role == role)
            channels = std::max ({ channels, node->ports.audioInputs, node->ports.audioOutputs });

    return channels == 0 ? 2 : channels;
}

std::string toDecibels (float peak)
{
    return peak > 0.0f ? juce::String (20.0 * std::log10 (double (peak)), 1).toStdString() + " dBFS" : "silence";
}

host::EditScript loadEdits (const RenderOptions& options)
{
    return options.edits.empty() ? host::EditScript() : host::EditScript::load (toFile (options.edits));
}

/** A chain has no folder; what its edits name is searched beside them. */
host::Session loadSession (const RenderOptions& options, const host::EditScript& script)
{
    return options.session.empty() ? host::Session::parse (host::Session().write(), script.location)
                                   : host::Session::load (toFile (options.session));
}

int render (const RenderOptions& options)
{
    check (options);
    const StopSignal stop;

    std::optional<host::AudioFile> input;

    if (! options.input.empty())
        input = host::AudioFile::load (toFile (options.input));

    host::PrepareInfo info;
    info.offline = true;
    info.sampleRate = options.run.rate.value_or (input ? input->sampleRate : 48000.0);
    info.maxBlockSize = options.run.block.value_or (512);

    if (info.sampleRate < 8000.0 || info.sampleRate > 384000.0)
        throw host::Error (options.input, "its sample rate is " + std::to_string (int (info.sampleRate)) + " Hz",
                           "give a --rate from 8000 to 384000");

    host::OfflineRender::Request request;
    const auto hasMidi = ! options.midi.empty();

    if (hasMidi)
        request.midi = host::readMidiFile (toFile (options.midi));

    auto script = loadEdits (options);
    const auto session = loadSession (options, script);
    host::PluginFormats formats;
    host::Engine engine (info);
    const host::CrashReport crashReport (engine);

    host::Engine::Threads threads;
    threads.number = options.run.threads.value_or (1);
    engine.setThreads (threads);

    auto made = options.session.empty()
                    ? host::SessionGraph::buildChain (options.plugins, formats, info, engine.getCollector(), prepareToLoad)
                    : host::SessionGraph::build (session, formats, info, engine.getCollector(), prepareToLoad,
                                                 script.getConnectedWires());

    for (const auto& assignment : options.sets)
        made.setParameter (assignment);

    host::NodeFactory factory (formats, info, engine.getCollector(), prepareToLoad);
    host::ScriptedEdits edits (std::move (script), session, factory, made);

    auto exitCode = tellNotes (made);
    engine.setGraph (made.graph);
    edits.check (engine);

    for (const auto& note : edits.getNotes())
        tell (note);

    engine.setTempo (made.tempo);
    engine.setMeasuring (! options.run.report.empty());
    engine.setCountingPageFaults (options.run.pageFaults);

    auto allNodes = made.graph.getNodes();
    allNodes.insert (allNodes.end(), edits.getNewNodes().begin(), edits.getNewNodes().end());
    request.numInputs = countChannels (allNodes, host::NodeRole::audioInput);
    request.numOutputs = countChannels (allNodes, host::NodeRole::audioOutput);
    request.keepLatency = options.keepLatency;
    request.seconds = options.run.seconds;
    request.tailSeconds = edits.getLongestTail();
    request.musicSeconds = std::max (made.musicSeconds.value_or (0.0), hasMidi ? request.midi.getEndTime() : 0.0);

    for (std::size_t i = 0; i < edits.getNumTransactions(); ++i)
        request.edits.push_back ({ edits.getTime (i), [&, i] { edits.apply (i, engine); } });

    if (input && input->samples.getNumChannels() > request.numInputs)
        tell (options.input + ": has " + std::to_string (input->samples.getNumChannels())
              + " channels; those after the first " + std::to_string (request.numInputs) + " are dropped");

    if (input)
        request.input = input->resampledTo (info.sampleRate);

    if (! request.seconds && ! input && ! hasMidi && ! made.musicSeconds)
        throw host::Error ("render", "nothing says how long the output is", "give --seconds, --input or --midi",
                           made.missing.empty() ? host::Error::Kind::unusable : host::Error::Kind::failed);

    host::WavOutput output (toFile (options.output), info.sampleRate, request.numOutputs, parseBits (options.bits));
    Progress progress ("Rendering");
    host::OfflineRender offline (engine,
                                 [&] (double done)
                                 {
                                     tellNewSites (! options.run.report.empty());
                                     progress.update (done);
                                 });
    const auto temporary = output.getTemporaryFile().getFullPathName().toStdString();
    host::CrashReport::setUnfinishedFile (temporary);

    const auto result = offline.run (request, output, stop.flag(),
                                     [&] (host::NodeId id) { host::CrashReport::reportHang (engine, id, 30); });
    progress.update (1.0);

    if (! result.isComplete)
    {
        tell (options.output + ": the render was stopped; what is there is faded out and valid");
        exitCode = 1;
    }
    else if (result.editsMade < edits.getNumTransactions())
    {
        tell (edits.describeLeftOut (result.editsMade, result.renderedSamples));
    }

    if (output.getClippedSamples() > 0)
        tell (options.output + ": " + std::to_string (output.getClippedSamples())
              + " samples were beyond full scale and are clipped; turn it down, or use --bits 32f");

    if (! finishStreams (engine, edits.getRemovedNodes()))
        exitCode = 1;

    tellFindings (engine, edits.getRemovedNodes());

    host::Report report;
    report.xruns = 0; // a render has no deadline to miss
    report.deadlineMisses = 0;
    report.clipped = output.getClippedSamples();
    report.outputHash = output.getHash();

    for (const auto& missing : made.missing)
        report.missing.push_back (missing.id);

    writeReport (options.run.report, report, engine);

    std::cout << options.output << ": " << juce::String (double (result.samples) / info.sampleRate, 2) << " s, "
              << juce::String (info.sampleRate / 1000.0) << " kHz, " << options.bits << " bit, " << request.numOutputs
              << " channels, peak " << toDecibels (result.peak) << std::endl;
    return exitCode;
}
} // namespace

void addRenderCommand (CLI::App& app, Outcome& outcome)
{
    auto* command = app.add_subcommand ("render", "Render a session or a chain of plugins to a WAV file");
    const auto options = std::make_shared<RenderOptions>();

    command->add_option ("SESSION", options->session, "The session to render");
    command->add_option ("--plugin", options->plugins, "A plugin of the chain: a path, an LV2 URI or an id; once or more")
        ->type_name ("REF")
        ->allow_extra_args (false);
    command->add_option ("--input", options->input, "An audio file that the audio inputs play")->type_name ("WAV");
    command->add_option ("--midi", options->midi, "A MIDI file that the MIDI inputs play")->type_name ("MID");
    command->add_option ("--output", options->output, "The file to write")->type_name ("WAV")->required();
    options->run.addTo (*command);
    command->add_option ("--bits", options->bits, "16, 24 or 32f")->type_name ("16|24|32f")->capture_default_str();
    command->add_flag ("--keep-latency", options->keepLatency, "Do not drop the graph's latency from the front");
    command->add_option ("--set", options->sets, "A parameter's value before the first sample; once or more")
        ->type_name ("NODE.PARAM=V")
        ->allow_extra_args (false);
    command
        ->add_option ("--edits", options->edits,
                      "Edits of the graph made while it renders, a JSON line each; \"at\" counts rendered samples")
        ->type_name ("FILE");
    command->add_option ("--isolation", options->isolation, "in-process; sync and pipelined come later")
        ->type_name ("MODE")
        ->capture_default_str();
    command->callback ([options, &outcome] { outcome.exitCode = render (*options); });
}

} // namespace cli
