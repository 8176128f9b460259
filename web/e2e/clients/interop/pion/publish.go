package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

const (
	picture = "-re -f lavfi -i testsrc2=size=640x360:rate=30"
	sound   = "-re -f lavfi -i sine=frequency=440:sample_rate=48000"
	// The encoder answers no request for a key frame, so there is one a second.
	pictureOptions = "-pix_fmt yuv420p -g 30 -b:v 800k -maxrate 800k -bufsize 800k"
	soundOptions   = "-c:a libopus -ac 2"
	// Bytes of RTP in a packet; leaves room for SRTP and header extensions.
	packetBytes = 1200
)

var encoders = map[string]string{
	webrtc.MimeTypeH264: "-c:v libx264 -preset veryfast -tune zerolatency -profile:v baseline",
	webrtc.MimeTypeVP8:  "-c:v libvpx -deadline realtime -cpu-used 8 -auto-alt-ref 0",
}

type sending struct {
	track   *webrtc.TrackLocalStaticRTP
	args    string
	packets atomic.Int64
	nacks   atomic.Int64
}

// Adds the tracks; `begin` starts the encoder.
func publish(peer *webrtc.PeerConnection, given *options) (func() *measured, func() (func(), error), error) {
	var inputs []string
	var tracks []*sending
	var video, audio sending
	add := func(made *sending, mime, id, input, output string) error {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, id, "interop")
		if err != nil {
			return err
		}
		sender, err := peer.AddTrack(track)
		if err != nil {
			return err
		}
		made.track = track
		made.args = fmt.Sprintf("-map %d %s", len(tracks), output)
		inputs, tracks = append(inputs, input), append(tracks, made)
		go made.readFeedback(sender)
		return nil
	}
	if given.video {
		mime := "video/" + given.codec
		if err := add(&video, mime, "video", picture, encoders[mime]+" "+pictureOptions); err != nil {
			return nil, nil, err
		}
	}
	if given.audio {
		if err := add(&audio, webrtc.MimeTypeOpus, "audio", sound, soundOptions); err != nil {
			return nil, nil, err
		}
	}
	collect := func() *measured {
		return &measured{
			VideoPackets: int(video.packets.Load()),
			AudioPackets: int(audio.packets.Load()),
			Nacks:        int(video.nacks.Load()),
		}
	}
	return collect, func() (func(), error) { return encode(inputs, tracks) }, nil
}

// Encodes until the returned function is called.
func encode(inputs []string, tracks []*sending) (func(), error) {
	args := "-v error " + strings.Join(inputs, " ")
	var sockets []*net.UDPConn
	for _, made := range tracks {
		socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, err
		}
		sockets = append(sockets, socket)
		args += fmt.Sprintf(" %s -f rtp rtp://%s?pkt_size=%d", made.args, socket.LocalAddr(), packetBytes)
		go made.forward(socket)
	}
	encoder := exec.Command("ffmpeg", strings.Fields(args)...)
	encoder.Stderr = os.Stderr
	if err := encoder.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = encoder.Process.Kill()
		for _, socket := range sockets {
			_ = socket.Close()
		}
	}, nil
}

func (made *sending) forward(socket *net.UDPConn) {
	packet := make([]byte, 1500)
	for {
		length, err := socket.Read(packet)
		if err != nil {
			return
		}
		if _, err := made.track.Write(packet[:length]); err != nil {
			return
		}
		made.packets.Add(1)
	}
}

// Interceptors act on feedback only while it is read.
func (made *sending) readFeedback(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			if nack, ok := packet.(*rtcp.TransportLayerNack); ok {
				for _, pair := range nack.Nacks {
					made.nacks.Add(int64(len(pair.PacketList())))
				}
			}
		}
	}
}
