// SPDX-License-Identifier: Apache-2.0

// weir.data.v1.DataService over grpc-go: data set "synthetic" only.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	data "weir/data/v1"
)

const (
	largestChunk = 1 << 20
	offsets      = 65536
	defaultChunk = 16000
)

// 1 MiB and 64 KiB of SplitMix64 from 0, little-endian; every chunk is a slice of it.
func makePattern() []byte {
	bytes := make([]byte, largestChunk+offsets)
	var state uint64
	for at := 0; at < len(bytes); at += 8 {
		state += 0x9E3779B97F4A7C15
		mixed := (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9
		mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB
		binary.LittleEndian.PutUint64(bytes[at:], mixed^(mixed>>31))
	}
	return bytes
}

type service struct {
	data.UnimplementedDataServiceServer
	pattern []byte
}

func (s *service) StreamData(request *data.StreamRequest, stream data.DataService_StreamDataServer) error {
	if name := request.GetDataset(); name != "" && name != "synthetic" {
		return status.Error(codes.NotFound, "there is only the data set synthetic")
	}
	size := uint64(request.GetChunkBytes())
	if size == 0 {
		size = defaultChunk
	}
	if size > largestChunk {
		return status.Error(codes.InvalidArgument, "chunk_bytes is over 1048576")
	}
	endless := request.GetMaxChunks() == 0
	for sent := uint64(0); endless || sent < request.GetMaxChunks(); sent++ {
		sequence := request.GetStartSequence() + sent
		offset := sequence * 4099 % offsets
		chunk := data.DataChunk{Sequence: sequence, Payload: s.pattern[offset : offset+size]}
		if err := stream.Send(&chunk); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 picks a free one")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(69)
	}
	server := grpc.NewServer()
	data.RegisterDataServiceServer(server, &service{pattern: makePattern()})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		server.Stop()
	}()
	fmt.Printf("listening on %s\n", listener.Addr())
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
