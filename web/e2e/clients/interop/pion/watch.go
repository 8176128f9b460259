package main

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// How often a viewer without a key frame asks for one.
const keyframeInterval = time.Second

type receiving struct {
	sync.Mutex
	found    measured
	times    map[uint32]bool
	keyTimes map[uint32]bool
	numbers  map[int64]bool
	last     int64
}

func watch(peer *webrtc.PeerConnection, given *options) (func() *measured, func() (func(), error), error) {
	receive := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	if given.video {
		if _, err := peer.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, receive); err != nil {
			return nil, nil, err
		}
	}
	if given.audio {
		if _, err := peer.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, receive); err != nil {
			return nil, nil, err
		}
	}
	seen := &receiving{
		times: map[uint32]bool{}, keyTimes: map[uint32]bool{}, numbers: map[int64]bool{},
	}
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if track.Kind() == webrtc.RTPCodecTypeVideo {
			go seen.askForKeyframe(peer, track)
		}
		for {
			packet, _, err := track.ReadRTP()
			if err != nil {
				return
			}
			seen.take(track, packet)
		}
	})
	return seen.collect, func() (func(), error) { return func() {}, nil }, nil
}

func (seen *receiving) askForKeyframe(peer *webrtc.PeerConnection, track *webrtc.TrackRemote) {
	for {
		seen.Lock()
		done := len(seen.keyTimes) > 0
		seen.Unlock()
		ask := []rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}}
		if done || peer.WriteRTCP(ask) != nil {
			return
		}
		time.Sleep(keyframeInterval)
	}
}

func (seen *receiving) take(track *webrtc.TrackRemote, packet *rtp.Packet) {
	seen.Lock()
	defer seen.Unlock()
	if len(packet.Payload) == 0 {
		return
	}
	if track.Kind() == webrtc.RTPCodecTypeAudio {
		seen.found.AudioPackets++
		return
	}
	// A sequence number with its cycles (RFC 3550 appendix A.1).
	if seen.found.VideoPackets == 0 {
		seen.last = int64(packet.SequenceNumber)
	}
	seen.last += int64(int16(packet.SequenceNumber - uint16(seen.last)))
	seen.numbers[seen.last] = true
	seen.found.VideoPackets++
	seen.times[packet.Timestamp] = true
	if beginsKeyframe(track.Codec().MimeType, packet.Payload) {
		seen.keyTimes[packet.Timestamp] = true
	}
}

func (seen *receiving) collect() *measured {
	seen.Lock()
	defer seen.Unlock()
	found := seen.found
	found.Frames, found.Keyframes = len(seen.times), len(seen.keyTimes)
	first, last := seen.last, seen.last
	for number := range seen.numbers {
		first, last = min(first, number), max(last, number)
	}
	if len(seen.numbers) > 0 {
		found.Lost = int(last-first) + 1 - len(seen.numbers)
	}
	return &found
}

// Whether a key frame begins in this payload.
func beginsKeyframe(mime string, payload []byte) bool {
	if mime == webrtc.MimeTypeVP8 {
		return vp8Keyframe(payload)
	}
	return h264Keyframe(payload)
}

// RFC 7741 §4.2: the first packet of a frame whose P bit is clear.
func vp8Keyframe(payload []byte) bool {
	at := 1
	if payload[0]&0x80 != 0 && len(payload) > 3 {
		extensions := payload[1]
		at = 2
		if extensions&0x80 != 0 {
			at++
			if payload[2]&0x80 != 0 {
				at++
			}
		}
		if extensions&0x40 != 0 {
			at++
		}
		if extensions&0x30 != 0 {
			at++
		}
	}
	return payload[0]&0x17 == 0x10 && at < len(payload) && payload[at]&1 == 0
}

// RFC 6184 §5.2: an IDR slice by itself, in an aggregate, or the first fragment of one.
func h264Keyframe(payload []byte) bool {
	switch payload[0] & 0x1f {
	case 5:
		return true
	case 28:
		return len(payload) > 1 && payload[1]&0x9f == 0x85
	case 24:
		for at := 1; at+2 < len(payload); at += 2 + int(payload[at])<<8 + int(payload[at+1]) {
			if payload[at+2]&0x1f == 5 {
				return true
			}
		}
	}
	return false
}
