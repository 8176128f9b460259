// Pion as a WHIP publisher and a WHEP viewer.
//
//	publish URL [--seconds N] [--codec H264|VP8] [--video-only|--audio-only]
//	watch URL [--seconds N] [--codec H264|VP8] [--video-only|--audio-only]
//
// Prints one line of JSON with what it measured.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// From the POST to the connection.
const connectTimeout = 10 * time.Second

type options struct {
	role, url    string
	seconds      int
	codec        string
	video, audio bool
}

type measured struct {
	Client       string `json:"client"`
	ConnectedMs  int64  `json:"connectedMs"`
	VideoPackets int    `json:"videoPackets"`
	AudioPackets int    `json:"audioPackets"`
	Frames       int    `json:"frames,omitempty"`
	Keyframes    int    `json:"keyframes,omitempty"`
	Lost         int    `json:"lost"`
	Nacks        int    `json:"nacks"`
}

func main() {
	found, err := run()
	if err != nil {
		fmt.Fprintf(os.Stderr, "pion: %v\n", err)
		os.Exit(1)
	}
	line, err := json.Marshal(found)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func run() (*measured, error) {
	given, err := readOptions()
	if err != nil {
		return nil, err
	}
	peer, err := newPeer(given)
	if err != nil {
		return nil, err
	}
	defer func() { _ = peer.Close() }()
	role := publish
	if given.role == "watch" {
		role = watch
	}
	collect, begin, err := role(peer, given)
	if err != nil {
		return nil, err
	}

	connected := make(chan error, 4)
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			connected <- nil
		case webrtc.PeerConnectionStateFailed:
			connected <- errors.New("the connection failed")
		default:
		}
	})
	start := time.Now()
	session, err := negotiate(peer, given.url)
	if err != nil {
		return nil, err
	}
	defer remove(session)
	select {
	case err := <-connected:
		if err != nil {
			return nil, err
		}
	case <-time.After(connectTimeout):
		return nil, fmt.Errorf("waited %v in vain for the connection", connectTimeout)
	}
	connectedMs := time.Since(start).Milliseconds()
	stop, err := begin()
	if err != nil {
		return nil, err
	}
	defer stop()

	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	select {
	case <-time.After(time.Duration(given.seconds) * time.Second):
	case <-told:
	}
	found := collect()
	found.Client, found.ConnectedMs = "pion", connectedMs
	return found, nil
}

// The role and the URL come before the options.
func readOptions() (*options, error) {
	if len(os.Args) < 3 || (os.Args[1] != "publish" && os.Args[1] != "watch") {
		return nil, errors.New("publish URL or watch URL")
	}
	flags := flag.NewFlagSet("pion", flag.ExitOnError)
	seconds := flags.Int("seconds", 5, "how long the session lasts once connected")
	codec := flags.String("codec", "H264", "H264 or VP8")
	videoOnly := flags.Bool("video-only", false, "no sound")
	audioOnly := flags.Bool("audio-only", false, "no picture")
	if err := flags.Parse(os.Args[3:]); err != nil {
		return nil, err
	}
	return &options{os.Args[1], os.Args[2], *seconds, *codec, !*audioOnly, !*videoOnly}, nil
}

// A peer with Pion's default codecs, header extensions and interceptors.
func newPeer(given *options) (*webrtc.PeerConnection, error) {
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		return nil, err
	}
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(settings),
	)
	return api.NewPeerConnection(webrtc.Configuration{})
}

// Offers all candidates at once, and takes the answer. Returns the session's URL.
func negotiate(peer *webrtc.PeerConnection, address string) (string, error) {
	offer, err := peer.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(offer); err != nil {
		return "", err
	}
	<-gathered
	body := strings.NewReader(peer.LocalDescription().SDP)
	response, err := http.Post(address, "application/sdp", body)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("%s %s", response.Status, text)
	}
	base, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	session, err := base.Parse(response.Header.Get("Location"))
	if err != nil {
		return "", err
	}
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(text)}
	return session.String(), peer.SetRemoteDescription(answer)
}

func remove(session string) {
	request, err := http.NewRequest(http.MethodDelete, session, nil)
	if err != nil {
		return
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
	}
}
