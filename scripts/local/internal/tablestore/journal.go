package tablestore

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// journal is one file of changes beside the database. A group of writes is one
// record, and one synchronous write puts it on disk, where bbolt needs two and
// several pages: that is half the time of a lonely write.
//
// Record: CRC-32C of all that follows, length of the payload, generation,
// payload. The file is used again for every second generation; what is left of
// an older one behind the end has another number and ends the reading.
type journal struct {
	file *os.File
	end  int64 // of the records
	size int64 // of the file, whose blocks are written ahead
}

const (
	recordHead     = 16
	journalStep    = 1 << 20 // by how much the file grows: a write inside it changes no metadata
	changeOverhead = 16      // at most, for the lengths in a record
)

const (
	changePut    = 1
	changeDelete = 2
	changeDrop   = 3
)

var errJournal = errors.New("the journal is damaged")

func castagnoli(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

func openJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_DSYNC, 0o600) //nolint:gosec // beside the database, which the user names
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &journal{file: file, size: info.Size()}, nil
}

// append writes one record and returns when it is on disk.
func (j *journal) append(generation uint64, l *layer) error {
	record := encodeLayer(make([]byte, recordHead, recordHead+l.bytes), l)
	binary.LittleEndian.PutUint32(record[4:], uint32(len(record)-recordHead)) //nolint:gosec // a group is a few megabytes
	binary.LittleEndian.PutUint64(record[8:], generation)
	binary.LittleEndian.PutUint32(record, castagnoli(record[4:]))
	if err := j.reserve(j.end + int64(len(record))); err != nil {
		return err
	}
	if _, err := j.file.WriteAt(record, j.end); err != nil {
		return err
	}
	j.end += int64(len(record))
	return nil
}

func (j *journal) reserve(end int64) error {
	if end <= j.size {
		return nil
	}
	blank := make([]byte, (end-j.size)/journalStep*journalStep+journalStep)
	if _, err := j.file.WriteAt(blank, j.size); err != nil {
		return err
	}
	j.size += int64(len(blank))
	return nil
}

func (j *journal) rewind() { j.end = 0 }

// syncFolder puts the names of new files on disk.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// replay reads the records of the one generation that the file holds; the first
// record that is not whole ends it: nobody was answered for that one.
func (j *journal) replay() (generation uint64, changes *layer, err error) {
	changes = newLayer()
	in := io.NewSectionReader(j.file, 0, j.size)
	for {
		found, payload, err := readRecord(in)
		if err != nil {
			return 0, nil, err
		}
		if payload == nil || generation != 0 && found != generation {
			return generation, changes, nil
		}
		if err := decodeLayer(payload, changes); err != nil {
			return 0, nil, err
		}
		generation = found
	}
}

// readRecord returns the next whole record, nil where there is none.
func readRecord(in *io.SectionReader) (generation uint64, payload []byte, err error) {
	head := make([]byte, recordHead)
	if _, err := io.ReadFull(in, head); err != nil {
		return 0, nil, ignoreEnd(err)
	}
	length := int64(binary.LittleEndian.Uint32(head[4:]))
	at, err := in.Seek(0, io.SeekCurrent)
	if err != nil || length == 0 || length > in.Size()-at {
		return 0, nil, err
	}
	data := append(head[4:recordHead:recordHead], make([]byte, length)...)
	if _, err := io.ReadFull(in, data[recordHead-4:]); err != nil {
		return 0, nil, err
	}
	if castagnoli(data) != binary.LittleEndian.Uint32(head) {
		return 0, nil, nil
	}
	return binary.LittleEndian.Uint64(head[8:]), data[recordHead-4:], nil
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func (j *journal) remove() error { return errors.Join(j.file.Close(), os.Remove(j.file.Name())) }

func encodeLayer(b []byte, l *layer) []byte {
	for _, space := range l.dropped {
		b = appendText(append(b, changeDrop), space)
	}
	for space, e := range l.spaces {
		for _, key := range e.keys {
			value := e.values[key]
			operation := byte(changePut)
			if value == nil {
				operation = changeDelete
			}
			b = appendText(appendText(append(b, operation), space), key)
			if value != nil {
				b = append(binary.AppendUvarint(b, uint64(len(value))), value...)
			}
		}
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// decodeLayer lays the changes of a payload over the layer.
func decodeLayer(payload []byte, l *layer) error {
	text := func() []byte {
		n, width := binary.Uvarint(payload)
		rest := payload[max(width, 0):]
		if width <= 0 || n > uint64(len(rest)) {
			payload = nil
			return nil
		}
		payload = rest[n:]
		return rest[:n:n]
	}
	for len(payload) > 0 {
		operation := payload[0]
		payload = payload[1:]
		space := string(text())
		switch operation {
		case changeDrop:
			l.drop(space)
		case changeDelete:
			l.set(space, string(text()), nil)
		case changePut:
			key, value := string(text()), text()
			if value == nil {
				return errJournal
			}
			l.set(space, key, value)
		default:
			return errJournal
		}
	}
	return nil
}
